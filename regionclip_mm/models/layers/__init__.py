"""Layers that work in any detector."""
from .attention_pool import AttentionPool2d

__all__ = ['AttentionPool2d']
