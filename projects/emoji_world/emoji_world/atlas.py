"""Sprites of every concept in every drawing style."""
from functools import lru_cache
from typing import Tuple

import cv2
import numpy as np

from .concepts import ASSETS, concepts

SIDE = 64
#: a pixel belongs to the drawing from this opacity on
OPAQUE = 64


@lru_cache(maxsize=None)
def sprites(style: str) -> np.ndarray:
    """Sprites of a style: (N, 64, 64, 4) uint8, BGRA, colours x alpha."""
    path = ASSETS / f'atlas_{style}.png'
    sheet = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if sheet is None or sheet.shape[2:] != (4, ):
        raise FileNotFoundError(f'{path} is missing or damaged: restore it '
                                'with "git checkout"')
    rows, cols = sheet.shape[0] // SIDE, sheet.shape[1] // SIDE
    tiles = sheet.reshape(rows, SIDE, cols, SIDE, 4).swapaxes(1, 2)
    tiles = tiles.reshape(-1, SIDE, SIDE, 4)[:len(concepts())].copy()
    alpha = tiles[..., 3:].astype(np.uint16)
    tiles[..., :3] = (tiles[..., :3] * alpha + 127) // 255
    return tiles


@lru_cache(maxsize=None)
def outlines(style: str) -> Tuple[np.ndarray, ...]:
    """Per concept the corners (P, 2), x y in sprite pixels, of the convex
    hull of its opaque pixels (outer pixel edges)."""
    out = []
    for tile in sprites(style):
        y, x = np.nonzero(tile[..., 3] >= OPAQUE)
        corners = np.concatenate([
            np.stack([x + dx, y + dy], 1) for dx in (0, 1) for dy in (0, 1)])
        hull = cv2.convexHull(corners.astype(np.int32))[:, 0]
        out.append(hull.astype(np.float64))
    return tuple(out)
