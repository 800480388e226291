"""Models that learn from image-caption pairs."""
from .clip import CLIP
from .region_text_pretrainer import RegionTextPretrainer

__all__ = ['CLIP', 'RegionTextPretrainer']
