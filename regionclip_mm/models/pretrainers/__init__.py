"""Models that learn from image-caption pairs."""
from .clip import CLIP
from .crop_teacher import CropTeacher
from .offline_pretrainer import OfflineRegionTextPretrainer
from .region_text_pretrainer import RegionTextPretrainer

__all__ = [
    'CLIP', 'CropTeacher', 'OfflineRegionTextPretrainer',
    'RegionTextPretrainer'
]
