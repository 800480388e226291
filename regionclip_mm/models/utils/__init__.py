"""Functions that the models share."""
from .box_coder import GrowthLimitedBoxCoder
from .fusion import FUSIONS, get_fusion
from .loading import LoadingRecord
from .nms import class_aware_nms
from .pixels import to_pixels

__all__ = [
    'FUSIONS', 'GrowthLimitedBoxCoder', 'LoadingRecord', 'class_aware_nms',
    'get_fusion', 'to_pixels'
]
