"""Hooks of training and evaluation."""
from .. import checkpoint  # noqa: F401  registers the scheme clip://
from .hooks import VocabularyCheckHook

__all__ = ['VocabularyCheckHook']
