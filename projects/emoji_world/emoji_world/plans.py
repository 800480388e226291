"""Decides what stands where in a scene, without drawing anything."""
import math
from dataclasses import dataclass, field
from typing import List, Optional, Sequence, Tuple

import numpy as np

from .atlas import outlines
from .backgrounds import Background, plan_background
from .concepts import concepts, indices
from .dice import Dice
from .splits import lookup, seed

Box = Tuple[float, float, float, float]
#: most of an object's box that later objects may cover, together
MAX_COVER = 0.3
MAX_ANGLE = 25.0
TRIES = 30


@dataclass(frozen=True)
class Placed:
    """One drawn object.

    Attributes:
        concept: Position in :func:`concepts`.
        style: Drawing style.
        matrix: Affine map (row-major 2x3) from sprite to image pixels.
        gain: Factors of blue, green and red.
        box: x1, y1, x2, y2 of the whole drawing in image pixels.
    """
    concept: int
    style: str
    matrix: Tuple[float, ...]
    gain: Tuple[float, float, float]
    box: Box


@dataclass
class Plan:
    """A scene: background, then objects from back to front."""
    width: int
    height: int
    background: Background
    objects: List[Placed] = field(default_factory=list)


def _pose(dice: Dice, hull: np.ndarray, size: float) -> Tuple[np.ndarray, Box]:
    """Turn, mirror and scale an outline until its longer side is ``size``.

    Returns:
        2x2 matrix, and the bounds of the outline under it.
    """
    angle = math.radians(dice.uniform(-MAX_ANGLE, MAX_ANGLE))
    flip = -1.0 if dice.chance(0.5) else 1.0
    cos, sin = math.cos(angle), math.sin(angle)
    turn = np.array([[cos * flip, -sin], [sin * flip, cos]])
    points = hull @ turn.T
    low, high = points.min(0), points.max(0)
    scale = size / float((high - low).max())
    x1, y1 = (low * scale).tolist()
    x2, y2 = (high * scale).tolist()
    return turn * scale, (x1, y1, x2, y2)


def cover(a: Box, b: Box) -> float:
    """Share of box ``a`` inside box ``b``."""
    w = min(a[2], b[2]) - max(a[0], b[0])
    h = min(a[3], b[3]) - max(a[1], b[1])
    if w <= 0 or h <= 0:
        return 0.0
    return w * h / ((a[2] - a[0]) * (a[3] - a[1]))


def _visible(objects: Sequence[Placed], box: Box) -> bool:
    """Whether nothing is hidden too much once ``box`` lies on top."""
    for i, other in enumerate(objects):
        covers = [cover(other.box, o.box) for o in objects[i + 1:]]
        if sum(covers) + cover(other.box, box) > MAX_COVER:
            return False
    # nor may the newcomer swallow the background between all the others
    return sum(cover(box, o.box) for o in objects) <= 1.5 * MAX_COVER


def _place(dice: Dice, plan: Plan, concept: int, style: str,
           size: float) -> Optional[Placed]:
    """Find room for an object, smaller and smaller; None if there is none."""
    hull = outlines(style)[concept]
    for attempt in range(TRIES):
        wanted = max(size * 0.97**attempt, 36.0)
        linear, bounds = _pose(dice, hull, wanted)
        room_x = plan.width - (bounds[2] - bounds[0])
        room_y = plan.height - (bounds[3] - bounds[1])
        x, y = dice.uniform(0, room_x), dice.uniform(0, room_y)
        box = (x, y, x + bounds[2] - bounds[0], y + bounds[3] - bounds[1])
        if _visible(plan.objects, box):
            shift = (x - bounds[0], y - bounds[1])
            matrix = (*linear[0].tolist(), shift[0], *linear[1].tolist(),
                      shift[1])
            gain = tuple(dice.uniform(0.85, 1.12) for _ in range(3))
            return Placed(concept, style, matrix, gain, box)
    return None


def plan_pair(split: str, index: int) -> Plan:
    """A 128-px image with one (half of the time), two or three objects."""
    dice = Dice(seed(split, index))
    count = dice.choice((1, 1, 1, 1, 1, 2, 2, 2, 3, 3))
    sizes = {1: (42, 118), 2: (38, 84), 3: (36, 64)}[count]
    plan = Plan(128, 128, plan_background(dice))
    concept = None
    for _ in range(count):
        if concept is None or not dice.chance(0.1):
            concept = dice.integer(len(concepts()))
        placed = _place(dice, plan, concept, dice.choice(lookup(split).styles),
                        dice.log_uniform(*sizes))
        if placed:
            plan.objects.append(placed)
    return plan


def plan_single(split: str, index: int) -> Plan:
    """A 128-px image of one object; concepts and styles take turns."""
    dice = Dice(seed(split, index))
    plan = Plan(128, 128, plan_background(dice))
    turn, concept = divmod(index, len(concepts()))
    styles = lookup(split).styles
    placed = _place(dice, plan, concept, styles[turn % len(styles)],
                    dice.log_uniform(42, 118))
    plan.objects.append(placed)
    return plan


def plan_scene(split: str, index: int) -> Plan:
    """About 256 x 256 pixels with 3-6 objects, 70 % of COCO's classes."""
    dice = Dice(seed(split, index))
    root = math.sqrt(dice.log_uniform(0.7, 1.4))
    plan = Plan(round(256 * root), round(256 / root), plan_background(dice))
    for _ in range(3 + dice.integer(4)):
        roles = ('base', 'novel') if dice.chance(0.7) else ('other', )
        placed = _place(dice, plan, dice.choice(indices(*roles)),
                        dice.choice(lookup(split).styles),
                        dice.log_uniform(40, 120))
        if placed:
            plan.objects.append(placed)
    return plan


def make_plan(split: str, index: int) -> Plan:
    """Plan of a sample of any split."""
    kind = lookup(split).kind
    return dict(pair=plan_pair, single=plan_single,
                scene=plan_scene)[kind](split, index)
