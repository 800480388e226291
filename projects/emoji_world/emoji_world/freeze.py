"""Fingerprint of world v1, independent of OpenCV's build."""
import hashlib
import json
from typing import Sequence, Tuple

import numpy as np

from .atlas import sprites
from .captions import caption
from .concepts import ASSETS, STYLES
from .plans import Plan, make_plan
from .render import render
from .splits import SPLITS, seed

PLANS_PER_SPLIT = 25
#: Splits that came later, and left all others as they were.
ADDED = ('captions_train', )


def _describe(plan: Plan) -> list:
    """A plan in whole numbers."""
    b = plan.background
    rows = [[o.concept, o.style, [round(v) for v in o.box]]
            for o in plan.objects]
    return [plan.width, plan.height, b.kind, b.names, round(b.period), rows]


def _describe_splits(names: Sequence[str]) -> Tuple[dict, list]:
    """What the splits are, and their first samples."""
    samples = []
    for split in names:
        for i in range(PLANS_PER_SPLIT):
            plan = make_plan(split, i)
            samples.append([split, _describe(plan),
                            caption(plan, seed(split, i) + '/caption')])
    chosen = {name: SPLITS[name] for name in names}
    return {k: [v.kind, v.size, v.styles] for k, v in chosen.items()}, samples


def fingerprint() -> dict:
    """Hashes of all that defines the world.

    Returns:
        ``concepts``, ``splits``, ``atlas``, ``samples`` (plans and captions
        of the first samples of every split) and ``added`` (both of the
        splits that came later), as hex digests.
    """
    first = [split for split in SPLITS if split not in ADDED]
    splits, samples = _describe_splits(first)
    atlas = hashlib.sha256()
    for style in STYLES:
        atlas.update(sprites(style).tobytes())

    def digest(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    return dict(
        concepts=digest((ASSETS / 'concepts.json').read_text()),
        splits=digest(json.dumps(splits, sort_keys=True)),
        atlas=atlas.hexdigest(),
        samples=digest(json.dumps(samples)),
        added=digest(json.dumps(_describe_splits(ADDED), sort_keys=True)))


def thumbnail(split: str, index: int) -> np.ndarray:
    """Mean colours of a rendered sample on a 4 x 4 grid, in 1/16 steps.

    Returns:
        (4, 4, 3) whole numbers; other builds of OpenCV differ by 1 at most.
    """
    image = render(make_plan(split, index)).astype(np.float64)
    rows = [np.stack([cell.mean((0, 1)) for cell in
                      np.array_split(row, 4, axis=1)])
            for row in np.array_split(image, 4, axis=0)]
    return (np.stack(rows) / 16).round().astype(int)
