"""Hooks, loops and optimizers of training and evaluation."""
from .. import checkpoint  # noqa: F401  registers the scheme clip://
from .clip_each import ClipEachConstructor
from .hooks import (AtomicCheckpointHook, BatchSizeHook, InvalidLossHook,
                    MissedValidationHook, ResumeStateHook, SkippedDataHook,
                    VocabularyCheckHook)
from .loops import ResumableEpochBasedTrainLoop, ResumableIterBasedTrainLoop

__all__ = [
    'AtomicCheckpointHook', 'BatchSizeHook', 'ClipEachConstructor',
    'InvalidLossHook', 'MissedValidationHook', 'ResumableEpochBasedTrainLoop',
    'ResumableIterBasedTrainLoop', 'ResumeStateHook', 'SkippedDataHook',
    'VocabularyCheckHook'
]
