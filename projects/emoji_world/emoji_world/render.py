"""Draws a plan."""
import math
from typing import Iterator, Tuple

import cv2
import numpy as np

from .atlas import sprites
from .backgrounds import paint
from .plans import Placed, Plan


def _patch(placed: Placed, height: int, width: int
           ) -> Tuple[np.ndarray, Tuple[slice, slice]]:
    """A sprite (h, w, 4) as it is drawn, and where in (height, width)."""
    x1, y1 = max(int(placed.box[0]) - 1, 0), max(int(placed.box[1]) - 1, 0)
    x2 = min(math.ceil(placed.box[2]) + 1, width)
    y2 = min(math.ceil(placed.box[3]) + 1, height)
    a, b, c, d, e, f = placed.matrix
    # outlines use pixel edges, OpenCV pixel centres: shift by half a pixel
    matrix = np.array([[a, b, c + (a + b - 1) / 2 - x1],
                       [d, e, f + (d + e - 1) / 2 - y1]])
    patch = cv2.warpAffine(sprites(placed.style)[placed.concept], matrix,
                           (x2 - x1, y2 - y1), flags=cv2.INTER_LINEAR)
    return patch, (slice(y1, y2), slice(x1, x2))


def _draw(canvas: np.ndarray, placed: Placed) -> None:
    """Lay one sprite over the canvas (H, W, 3), in place."""
    patch, place = _patch(placed, *canvas.shape[:2])
    patch = cv2.multiply(patch, (*placed.gain, 1.0))
    blue, green, red, alpha = cv2.split(patch)
    behind = 255 - alpha
    kept = cv2.multiply(canvas[place], cv2.merge((behind, behind, behind)),
                        scale=1 / 255)
    canvas[place] = cv2.add(kept, cv2.merge((blue, green, red)))


def render(plan: Plan) -> np.ndarray:
    """Image of a plan: (height, width, 3) uint8, BGR."""
    canvas = paint(plan.background, plan.height, plan.width)
    for placed in plan.objects:
        _draw(canvas, placed)
    return canvas


def masks(plan: Plan) -> Iterator[np.ndarray]:
    """What is to be seen of each object: (height, width) uint8, 0 or 1.

    A pixel belongs to the frontmost drawing that covers more than half of it.
    """
    owner = np.full((plan.height, plan.width), -1)
    for index, placed in enumerate(plan.objects):
        patch, place = _patch(placed, plan.height, plan.width)
        owner[place][patch[..., 3] > 127] = index
    for index in range(len(plan.objects)):
        yield (owner == index).astype(np.uint8)
