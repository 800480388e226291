"""What is noted of a labelled image."""
from typing import Any, Dict

import numpy as np
from torch.utils.data import Dataset

from mmdet.structures import DetDataSample


def folder_of(dataset: Dataset) -> str:
    """The folder of a dataset's images, which their file names lack; '' if
    it has none, as one of shards."""
    prefix = getattr(dataset, 'data_prefix', None) or {}
    return str(prefix.get('img') or prefix.get('img_path') or '')


def without_folder(name: str, folder: str) -> str:
    """The path of an image, relative to the folder if it is there."""
    begin = folder.rstrip('/') + '/'
    return name[len(begin):] if folder and name.startswith(begin) else name


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
    return dict(
        id=image_id if isinstance(image_id, str) else int(image_id),
        file_name=without_folder(name, folder),
        width=int(width), height=int(height),
        captions=[captions] if isinstance(captions, str) else list(captions),
        **(dict(shard=shard) if shard else {}))


def scale_of(sample: DetDataSample) -> np.ndarray:
    """Network pixels for one of the original image: (x, y, x, y), float32.

    Raises:
        ValueError: If ``label_pipeline`` did more than resize it.
    """
    scale = np.array(sample.get('scale_factor', (1., 1.)), np.float32)
    wanted = np.array(sample.ori_shape[1::-1]) * scale
    found = np.array(sample.img_shape[1::-1])
    if sample.get('flip') or (abs(found - wanted) > 1).any():
        what = ('is flipped' if sample.get('flip') else
                'has {:.0f} x {:.0f} pixels instead of {:.0f} x {:.0f}'.format(
                    *found, *wanted))
        raise ValueError(
            f'image {sample.get("img_id")!r} {what} after label_pipeline, so '
            'boxes would not be of the original one: of the steps that change '
            'its place or size, only Resize (or one like it) is allowed there,'
            ' no RandomFlip, no crop, no Pad')
    return np.tile(scale, 2)
