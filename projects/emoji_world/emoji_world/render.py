"""Draws a plan."""
import math

import cv2
import numpy as np

from .atlas import sprites
from .backgrounds import paint
from .plans import Placed, Plan


def _draw(canvas: np.ndarray, placed: Placed) -> None:
    """Lay one sprite over the canvas (H, W, 3), in place."""
    height, width = canvas.shape[:2]
    x1, y1 = max(int(placed.box[0]) - 1, 0), max(int(placed.box[1]) - 1, 0)
    x2 = min(math.ceil(placed.box[2]) + 1, width)
    y2 = min(math.ceil(placed.box[3]) + 1, height)
    a, b, c, d, e, f = placed.matrix
    # outlines use pixel edges, OpenCV pixel centres: shift by half a pixel
    matrix = np.array([[a, b, c + (a + b - 1) / 2 - x1],
                       [d, e, f + (d + e - 1) / 2 - y1]])
    patch = cv2.warpAffine(sprites(placed.style)[placed.concept], matrix,
                           (x2 - x1, y2 - y1), flags=cv2.INTER_LINEAR)
    patch = cv2.multiply(patch, (*placed.gain, 1.0))
    blue, green, red, alpha = cv2.split(patch)
    behind = 255 - alpha
    region = canvas[y1:y2, x1:x2]
    kept = cv2.multiply(region, cv2.merge((behind, behind, behind)),
                        scale=1 / 255)
    canvas[y1:y2, x1:x2] = cv2.add(kept, cv2.merge((blue, green, red)))


def render(plan: Plan) -> np.ndarray:
    """Image of a plan: (height, width, 3) uint8, BGR."""
    canvas = paint(plan.background, plan.height, plan.width)
    for placed in plan.objects:
        _draw(canvas, placed)
    return canvas
