"""Datasets whose labels follow the order of their class names."""
from .class_order import ClassOrderCOCO, category_ids
from .coco_ov import OVCocoDataset
from .image_text_pairs import ImageTextPairs
from .image_text_shards import ImageTextShards
from .load_encoded_image import LoadEncodedImage
from .lvis_ov import OVLVISDataset
from .ov_splits import (COCO_ALL_65, COCO_BASE_48, COCO_NOVEL_17,
                        LVIS_ALL_1203, lvis_rare_names)
from .random_caption import RandomCaption
from .region_label_transforms import LoadRegionLabels, PackRegionLabels
from .repeat_factor_sampler import RepeatFactorSampler, repeat_factors

__all__ = [
    'COCO_ALL_65', 'COCO_BASE_48', 'COCO_NOVEL_17', 'ClassOrderCOCO',
    'ImageTextPairs', 'ImageTextShards', 'LVIS_ALL_1203', 'LoadEncodedImage',
    'LoadRegionLabels', 'OVCocoDataset', 'OVLVISDataset', 'PackRegionLabels',
    'RandomCaption', 'RepeatFactorSampler', 'category_ids', 'lvis_rare_names',
    'repeat_factors'
]
