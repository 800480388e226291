"""Models, registered in mmdet's registry."""
from .backbones import CLIPResNet
from .detectors import RegionCLIP
from .layers import AttentionPool2d, TextEmbeddingClassifier
from .losses import (BackgroundWeightedCrossEntropy, ConceptContrastiveLoss,
                     FocalScaledCrossEntropy, ImageTextContrastiveLoss,
                     RegionDistillLoss)
from .pretrainers import CLIP, RegionTextPretrainer
from .proposals import (FileProposals, GridProposals, GTProposals,
                        RandomProposals, RPNProposals, WholeImageProposals)
from .roi_heads import (CLIPResLayer, RegionBBoxHead, RegionMaskHead,
                        RegionRoIExtractor, RegionRoIHead)

__all__ = [
    'AttentionPool2d', 'BackgroundWeightedCrossEntropy', 'CLIP',
    'CLIPResLayer', 'CLIPResNet', 'ConceptContrastiveLoss',
    'FileProposals', 'FocalScaledCrossEntropy', 'GTProposals',
    'GridProposals', 'ImageTextContrastiveLoss', 'RPNProposals',
    'RandomProposals', 'RegionBBoxHead', 'RegionCLIP', 'RegionDistillLoss',
    'RegionMaskHead', 'RegionRoIExtractor', 'RegionRoIHead',
    'RegionTextPretrainer', 'TextEmbeddingClassifier',
    'WholeImageProposals'
]
