"""Files: read as data, written whole, downloaded once."""
from .cache_folder import cache_folder
from .checkpoint_loader import open_checkpoints_as_plain_data
from .errors import CheckpointError
from .safe_load import WeightFile, load_weights

__all__ = [
    'CheckpointError', 'WeightFile', 'cache_folder', 'load_weights',
    'open_checkpoints_as_plain_data'
]

open_checkpoints_as_plain_data()
