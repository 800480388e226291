"""Procedural backgrounds: a scalar field through a ramp of two colours."""
import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Tuple

import cv2
import numpy as np

from .dice import Dice

#: BGR centres of the colours that captions can name
COLOURS = dict(
    white=(236, 238, 240), grey=(140, 140, 140), black=(38, 34, 32),
    red=(60, 60, 200), orange=(60, 140, 235), yellow=(90, 215, 240),
    green=(80, 165, 85), teal=(150, 150, 50), blue=(205, 120, 60),
    purple=(170, 75, 130), pink=(190, 160, 240), brown=(50, 85, 125))
KINDS = ('plain', 'plain', 'blended', 'blurry', 'blurry', 'striped',
         'checkered', 'noisy', 'grainy')
_MAX = 512


@dataclass(frozen=True)
class Background:
    """What to paint.

    Attributes:
        kind: One of ``KINDS``.
        names: Names of the two colours.
        colours: Both in BGR.
        angle: Direction in radians.
        period: Pixels from one repetition to the next.
        offset: Place in the noise, each of [0, 1).
    """
    kind: str
    names: Tuple[str, str]
    colours: Tuple[Tuple[float, ...], Tuple[float, ...]]
    angle: float
    period: float
    offset: Tuple[float, float]


def plan_background(dice: Dice) -> Background:
    """Draw the parameters of a background."""
    picked = (dice.choice(tuple(COLOURS)), dice.choice(tuple(COLOURS)))
    colours = tuple(
        tuple(min(max(v + dice.uniform(-30, 30), 0.), 255.)
              for v in COLOURS[name]) for name in picked)
    return Background(dice.choice(KINDS), picked, colours,
                      dice.uniform(0, 2 * math.pi), dice.uniform(12, 48),
                      (dice.uniform(0, 1), dice.uniform(0, 1)))


@lru_cache(maxsize=None)
def _noise(blur: int) -> np.ndarray:
    """Fixed noise (768, 768) uint8; ``blur`` is the size of its grains."""
    cells = -(-768 // blur)
    coarse = np.random.RandomState(blur).randint(
        0, 256, (cells, cells)).astype(np.uint8)
    return cv2.resize(coarse, (768, 768), interpolation=cv2.INTER_CUBIC)


@lru_cache(maxsize=None)
def _grid() -> Tuple[np.ndarray, np.ndarray]:
    """Pixel coordinates x (1, 512) and y (512, 1)."""
    line = np.arange(_MAX, dtype=np.float32)
    return line[None], line[:, None]


def _along(background: Background, angle: float, height: int,
           width: int) -> np.ndarray:
    """Distance of every pixel from the origin in a direction, in pixels."""
    x, y = _grid()
    return (x[:, :width] * np.float32(math.cos(angle))
            + y[:height] * np.float32(math.sin(angle)))


def _cut(blur: int, offset: Tuple[float, float], height: int,
         width: int) -> np.ndarray:
    """A window of the fixed noise."""
    y, x = int(offset[0] * (768 - height)), int(offset[1] * (768 - width))
    return np.ascontiguousarray(_noise(blur)[y:y + height, x:x + width])


def _field(b: Background, height: int, width: int) -> np.ndarray:
    """Scalar field (height, width) uint8."""
    if b.kind == 'noisy':
        return _cut(2, b.offset, height, width)
    if b.kind == 'grainy':
        return _cut(8, b.offset, height, width)
    if b.kind == 'blurry':
        return _cut(48, b.offset, height, width)
    if b.kind == 'plain':
        return np.zeros((height, width), np.uint8)
    along = _along(b, b.angle, height, width)
    if b.kind == 'blended':
        low, high = float(along.min()), float(along.max())
        return ((along - low) * (255 / (high - low))).astype(np.uint8)
    odd = np.floor(along * (2 / b.period)).astype(np.int32)
    if b.kind == 'checkered':
        across = _along(b, b.angle + math.pi / 2, height, width)
        odd += np.floor(across * (2 / b.period)).astype(np.int32)
    return ((odd & 1) * 255).astype(np.uint8)


def paint(b: Background, height: int, width: int) -> np.ndarray:
    """Background as an image (height, width, 3) uint8, BGR."""
    first, second = (np.asarray(c) for c in b.colours)
    if b.kind == 'noisy':  # keep the contrast of the finest grain low
        second = first + (second - first) * 0.35
    ramp = np.linspace(first, second, 256)
    return cv2.applyColorMap(_field(b, height, width),
                             ramp.round().astype(np.uint8)[:, None])
