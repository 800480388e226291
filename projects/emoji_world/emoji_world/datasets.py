"""Image-caption pairs and single objects, drawn on the fly."""
from typing import Any, Callable, Dict, List, Optional

import numpy as np
from mmengine.dataset import Compose
from torch.utils.data import Dataset

from mmdet.registry import DATASETS, TRANSFORMS

from .captions import caption
from .concepts import concepts, names
from .plans import make_plan
from .render import render
from .splits import lookup, seed
from .transforms import PackEmojiInputs  # noqa: F401 (the default step)


@DATASETS.register_module()
class EmojiCaptionDataset(Dataset):
    """A split of the world as images with captions; nothing is on disk.

    Samples are ``{'img': (128, 128, 3) uint8 BGR, 'text': caption,
    'gt_label': position of the first object's concept}`` before the pipeline.

    Args:
        split: Name of a split of kind ``pair`` or ``single``.
        pipeline: Transforms; the last one packs (``PackEmojiInputs``).
    """

    def __init__(self,
                 split: str = 'pairs_train',
                 pipeline: Optional[List[dict]] = None) -> None:
        self.split = split
        self.size = lookup(split).size
        self.metainfo: Dict[str, Any] = dict(classes=names())
        steps = pipeline or [dict(type='PackEmojiInputs')]
        self.pipeline: Callable = Compose(
            [TRANSFORMS.build(step) for step in steps])

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> dict:
        plan = make_plan(self.split, int(index))
        image: np.ndarray = render(plan)
        return self.pipeline(dict(
            img=image,
            img_id=int(index),
            img_shape=image.shape[:2],
            ori_shape=image.shape[:2],
            text=caption(plan, seed(self.split, int(index)) + '/caption'),
            gt_label=plan.objects[0].concept))

    def concept(self, index: int) -> str:
        """Name of the first object's concept."""
        return concepts()[make_plan(self.split, index).objects[0].concept].name
