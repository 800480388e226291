"""The fixed parts of the world; the name of a split is its seed."""
from dataclasses import dataclass
from typing import Dict, Tuple

from .concepts import SEEN_STYLES, UNSEEN_STYLE

VERSION = 'v1'


@dataclass(frozen=True)
class Split:
    """One stream of samples.

    Attributes:
        kind: ``pair`` (128-px image and caption, 1-3 objects), ``single``
            (128-px image, one object, every concept equally often) or
            ``scene`` (about 256 px, 3-6 objects).
        size: Number of samples; the caption stream is as good as endless.
        styles: Drawing styles its objects come from.
    """
    kind: str
    size: int
    styles: Tuple[str, ...] = SEEN_STYLES


SPLITS: Dict[str, Split] = dict(
    # training
    pairs_train=Split('pair', 1000000),
    rpn_train=Split('scene', 3000),
    captions_train=Split('scene', 8000),
    # choosing hyper-parameters
    pairs_dev=Split('pair', 2000),
    single_dev=Split('single', 892),
    rpn_val=Split('scene', 100),
    dev=Split('scene', 200),
    # evaluation only
    single_eval=Split('single', 1784),
    single_eval_unseen=Split('single', 892, (UNSEEN_STYLE, )),
    eval=Split('scene', 200),
    eval_unseen=Split('scene', 200, (UNSEEN_STYLE, )),
    # pictures
    demo=Split('scene', 12),
)


def seed(split: str, index: int) -> str:
    """Key of a sample's random numbers."""
    return f'emoji_world/{VERSION}/{split}/{index}'


def lookup(split: str) -> Split:
    """Properties of a split."""
    if split not in SPLITS:
        raise KeyError(f'split={split!r} is unknown; there are: '
                       + ', '.join(SPLITS))
    return SPLITS[split]
