"""Models that learn from image-caption pairs."""
from .clip import CLIP

__all__ = ['CLIP']
