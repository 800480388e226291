"""Detection on images, in Python."""
from .image_loading import ImageError, load_image
from .model_zoo import config_of, list_models, mim_folder, shipped_models
from .region_features import RegionFeatures
from .region_inferencer import RegionInferencer
from .selection import Selection
from .texts import names_of_text
from .word_cache import WordCache

__all__ = [
    'ImageError', 'RegionFeatures', 'RegionInferencer', 'Selection',
    'WordCache', 'config_of', 'list_models', 'load_image', 'mim_folder',
    'names_of_text', 'shipped_models'
]
