"""Functions that the models share."""
from .box_coder import GrowthLimitedBoxCoder
from .chunks import in_chunks
from .data_init import data_dependent_init
from .fusion import FUSIONS, check_fusion, get_fusion
from .gather import gather_rows
from .loading import LoadingRecord
from .nms import class_aware_nms
from .pixels import to_pixels
from .precision import check_dtype, in_dtype
from .soft_nms import class_aware_soft_nms
from .suppression import get_suppression

__all__ = [
    'FUSIONS', 'GrowthLimitedBoxCoder', 'LoadingRecord', 'check_dtype',
    'check_fusion', 'class_aware_nms', 'class_aware_soft_nms',
    'data_dependent_init', 'gather_rows', 'get_fusion', 'get_suppression',
    'in_chunks', 'in_dtype', 'to_pixels'
]
