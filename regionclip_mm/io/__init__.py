"""Files: read as data, written whole, downloaded once."""
from .cache_folder import cache_folder
from .errors import CheckpointError
from .plain_types import allow_plain_types
from .safe_load import WeightFile, load_weights

__all__ = [
    'CheckpointError', 'WeightFile', 'allow_plain_types', 'cache_folder',
    'load_weights'
]

allow_plain_types()
