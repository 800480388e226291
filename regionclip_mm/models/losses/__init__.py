"""Losses, all of them functions of tensors only."""
from .background_weighted_ce import (BackgroundWeightedCrossEntropy,
                                     FocalScaledCrossEntropy)
from .image_text import ImageTextContrastiveLoss
from .region_concept import ConceptContrastiveLoss, RegionDistillLoss

__all__ = [
    'BackgroundWeightedCrossEntropy', 'ConceptContrastiveLoss',
    'FocalScaledCrossEntropy', 'ImageTextContrastiveLoss', 'RegionDistillLoss'
]
