"""Losses, all of them functions of tensors only."""
from .background_weighted_ce import (BackgroundWeightedCrossEntropy,
                                     FocalScaledCrossEntropy)
from .image_text import ImageTextContrastiveLoss

__all__ = [
    'BackgroundWeightedCrossEntropy', 'FocalScaledCrossEntropy',
    'ImageTextContrastiveLoss'
]
