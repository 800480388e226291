"""Data loading that can start at any batch."""
from .resumable_loader import ResumableDataLoader
from .seeded_samples import Draw, SeededBatches, load_seeded
from .stream_loader import ResumableStreamLoader, make_resumable

__all__ = [
    'Draw', 'ResumableDataLoader', 'ResumableStreamLoader', 'SeededBatches',
    'load_seeded', 'make_resumable'
]
