"""Data loading that can start at any batch."""
from .resumable_loader import ResumableDataLoader
from .seeded_samples import Draw, SeededBatches, load_seeded

__all__ = ['Draw', 'ResumableDataLoader', 'SeededBatches', 'load_seeded']
