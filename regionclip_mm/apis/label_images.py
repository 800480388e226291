"""What is noted of a labelled image."""
from typing import Any, Dict

import numpy as np
from torch.utils.data import Dataset

from mmdet.structures import DetDataSample


def folder_of(dataset: Dataset) -> str:
    """The folder of a dataset's images, which their file names lack; '' if
    it has none, as one of shards or a wrapper."""
    prefix = getattr(dataset, 'data_prefix', None) or {}
    return str(prefix.get('img') or prefix.get('img_path') or '')


def entry_of(sample: DetDataSample, folder: str) -> Dict[str, Any]:
    """An image, as COCO writes it.

    Args:
        sample: Packed, with META_KEYS of :mod:`.region_labelling`.
        folder: Of the images; ``file_name`` is relative to it, and the key
            of a shard's sample.

    Raises:
        ValueError: If it has no id.
    """
    height, width = sample.ori_shape[:2]
    image_id = sample.get('img_id')
    if image_id is None:
        raise ValueError('the samples have no img_id, by which labels are '
                         'found: the data set must give it')
    captions = sample.get('texts') or sample.get('text') or []
    shard = sample.get('shard')
    name = str(sample.get('img_path') or image_id)
    begin = folder.rstrip('/') + '/'
    return dict(
        id=image_id if isinstance(image_id, str) else int(image_id),
        file_name=name[len(begin):] if name.startswith(begin) else name,
        width=int(width), height=int(height),
        captions=[captions] if isinstance(captions, str) else list(captions),
        **(dict(shard=shard) if shard else {}))


def scale_of(sample: DetDataSample) -> np.ndarray:
    """Network pixels for one of the original image: (x, y, x, y), float32."""
    if sample.get('flip'):
        raise ValueError('label_pipeline flips images: leave out '
                         'RandomFlip, boxes are of the original ones')
    return np.array([*sample.scale_factor] * 2, np.float32)
