"""Detection on images, in Python."""
from .image_loading import ImageError, load_image
from .region_inferencer import RegionInferencer
from .selection import Selection
from .texts import names_of_text
from .word_cache import WordCache

__all__ = [
    'ImageError', 'RegionInferencer', 'Selection', 'WordCache', 'load_image',
    'names_of_text'
]
