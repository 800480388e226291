"""Hooks of training and evaluation."""
from .hooks import VocabularyCheckHook

__all__ = ['VocabularyCheckHook']
