"""Models that learn from image-caption pairs."""
from .clip import CLIP
from .offline_pretrainer import OfflineRegionTextPretrainer
from .region_text_pretrainer import RegionTextPretrainer

__all__ = ['CLIP', 'OfflineRegionTextPretrainer', 'RegionTextPretrainer']
