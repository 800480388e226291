"""Datasets whose labels follow the order of their class names."""
from .class_order import ClassOrderCOCO, category_ids
from .coco_ov import OVCocoDataset
from .lvis_ov import OVLVISDataset
from .ov_splits import (COCO_ALL_65, COCO_BASE_48, COCO_NOVEL_17,
                        LVIS_ALL_1203, lvis_rare_names)

__all__ = [
    'COCO_ALL_65', 'COCO_BASE_48', 'COCO_NOVEL_17', 'ClassOrderCOCO',
    'LVIS_ALL_1203', 'OVCocoDataset', 'OVLVISDataset', 'category_ids',
    'lvis_rare_names'
]
