"""Packs generated samples for MMEngine."""
import numpy as np
import torch
from mmcv.transforms import BaseTransform

from mmdet.registry import TRANSFORMS
from mmdet.structures import DetDataSample


@TRANSFORMS.register_module()
class PackEmojiInputs(BaseTransform):
    """``img``, ``text`` and ``gt_label`` -> ``inputs`` and ``data_samples``.

    ``inputs`` is (3, H, W) uint8 BGR, as mmdet's own packing gives it; the
    sample has ``text`` (str) and ``gt_label`` (int) as metainfo-like fields.
    """

    def transform(self, results: dict) -> dict:
        """Pack one sample."""
        image = np.ascontiguousarray(results['img'].transpose(2, 0, 1))
        sample = DetDataSample(metainfo={
            k: results[k] for k in ('img_id', 'img_shape', 'ori_shape')})
        sample.text = results['text']
        sample.gt_label = results['gt_label']
        return dict(inputs=torch.from_numpy(image), data_samples=sample)
