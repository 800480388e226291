"""Layers that work in any detector."""
from .attention_pool import AttentionPool2d
from .clip_archs import ARCHS, CLIPArch, get_arch
from .text_embedding_classifier import NO_CLASSES, TextEmbeddingClassifier

__all__ = [
    'ARCHS', 'AttentionPool2d', 'CLIPArch', 'NO_CLASSES',
    'TextEmbeddingClassifier', 'get_arch'
]
