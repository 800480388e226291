"""Weights: the `clip://` scheme and conversion of others' files to ours."""
from ..io.errors import CheckpointError
from ..io.safe_load import WeightFile, load_weights
from .accounting import Report
from .detector import convert_detector, detector_from_files, open_files
from .embeddings import convert_embeddings
from .layouts import clip_layout, model_layout
from .openai_clip import convert_openai_clip, take_teacher
from .save import in_half, save_checkpoint
from .scheme import load_clip, open_weights

__all__ = [
    'CheckpointError', 'Report', 'WeightFile', 'clip_layout',
    'convert_detector', 'convert_embeddings', 'convert_openai_clip',
    'detector_from_files', 'in_half', 'load_clip', 'load_weights',
    'model_layout', 'open_files', 'open_weights', 'save_checkpoint',
    'take_teacher'
]
