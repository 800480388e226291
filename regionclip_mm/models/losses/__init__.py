"""Losses, all of them functions of tensors only."""
from .background_weighted_ce import (BackgroundWeightedCrossEntropy,
                                     FocalScaledCrossEntropy)
from .image_text import ImageTextContrastiveLoss
from .region_concept import ConceptContrastiveLoss, RegionDistillLoss
from .top_k_distill import TopKDistillLoss, top_k_log_probs

__all__ = [
    'BackgroundWeightedCrossEntropy', 'ConceptContrastiveLoss',
    'FocalScaledCrossEntropy', 'ImageTextContrastiveLoss',
    'RegionDistillLoss', 'TopKDistillLoss', 'top_k_log_probs'
]
