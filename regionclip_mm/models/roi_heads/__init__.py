"""RoI heads."""
from .clip_res_layer import CLIPResLayer
from .region_bbox_head import RegionBBoxHead
from .region_mask_head import RegionMaskHead
from .region_roi_extractor import RegionRoIExtractor
from .region_roi_head import RegionRoIHead

__all__ = [
    'CLIPResLayer', 'RegionBBoxHead', 'RegionMaskHead', 'RegionRoIExtractor',
    'RegionRoIHead'
]
