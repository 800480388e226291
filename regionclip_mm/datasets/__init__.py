"""Datasets whose labels follow the order of their class names."""
from .class_order import ClassOrderCOCO, category_ids
from .coco_ov import OVCocoDataset
from .lvis_ov import OVLVISDataset
from .ov_splits import (COCO_ALL_65, COCO_BASE_48, COCO_NOVEL_17,
                        LVIS_ALL_1203, lvis_rare_names)
from .region_label_transforms import LoadRegionLabels, PackRegionLabels
from .repeat_factor_sampler import RepeatFactorSampler, repeat_factors

__all__ = [
    'COCO_ALL_65', 'COCO_BASE_48', 'COCO_NOVEL_17', 'ClassOrderCOCO',
    'LVIS_ALL_1203', 'LoadRegionLabels', 'OVCocoDataset', 'OVLVISDataset',
    'PackRegionLabels', 'RepeatFactorSampler', 'category_ids',
    'lvis_rare_names', 'repeat_factors'
]
