"""Hooks."""
from .atomic_checkpoint_hook import AtomicCheckpointHook
from .batch_size_hook import BatchSizeHook
from .invalid_loss_hook import InvalidLossHook
from .resume_state_hook import MissedValidationHook, ResumeStateHook
from .skipped_data_hook import SkippedDataHook
from .vocabulary_check_hook import VocabularyCheckHook

__all__ = [
    'AtomicCheckpointHook', 'BatchSizeHook', 'InvalidLossHook',
    'MissedValidationHook', 'ResumeStateHook', 'SkippedDataHook',
    'VocabularyCheckHook'
]
