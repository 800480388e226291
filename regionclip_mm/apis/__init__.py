"""Detection on images, in Python."""
from .image_loading import ImageError, load_image
from .model_zoo import mim_folder, model_of_zoo, shipped_models
from .region_inferencer import RegionInferencer
from .selection import Selection
from .texts import names_of_text
from .word_cache import WordCache

__all__ = [
    'ImageError', 'RegionInferencer', 'Selection', 'WordCache', 'load_image',
    'mim_folder', 'model_of_zoo', 'names_of_text', 'shipped_models'
]
