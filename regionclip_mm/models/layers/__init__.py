"""Layers that work in any detector."""
from .attention_pool import AttentionPool2d
from .clip_archs import ARCHS, CLIPArch, get_arch
from .sigmoid_text_classifier import ConvTextClassifier, SigmoidTextClassifier
from .text_classifier import NO_CLASSES, TextClassifier
from .text_embedding_classifier import (ProjectedTextClassifier,
                                        TextEmbeddingClassifier)

__all__ = [
    'ARCHS', 'AttentionPool2d', 'CLIPArch', 'ConvTextClassifier',
    'NO_CLASSES', 'ProjectedTextClassifier', 'SigmoidTextClassifier',
    'TextClassifier', 'TextEmbeddingClassifier', 'get_arch'
]
