"""Models, registered in mmdet's registry."""
from .backbones import CLIPResNet
from .detectors import RegionCLIP
from .layers import AttentionPool2d, TextEmbeddingClassifier
from .losses import (BackgroundWeightedCrossEntropy, ConceptContrastiveLoss,
                     FocalScaledCrossEntropy, ImageTextContrastiveLoss,
                     RegionDistillLoss, TopKDistillLoss)
from .pretrainers import (CLIP, OfflineRegionTextPretrainer,
                          RegionTextPretrainer)
from .proposals import (FileProposals, GridProposals, GTProposals,
                        RandomProposals, RPNProposals, WholeImageProposals)
from .roi_heads import (CLIPResLayer, RegionBBoxHead, RegionMaskHead,
                        RegionRoIExtractor, RegionRoIHead)

__all__ = [
    'AttentionPool2d', 'BackgroundWeightedCrossEntropy', 'CLIP',
    'CLIPResLayer', 'CLIPResNet', 'ConceptContrastiveLoss',
    'FileProposals', 'FocalScaledCrossEntropy', 'GTProposals',
    'GridProposals', 'ImageTextContrastiveLoss',
    'OfflineRegionTextPretrainer', 'RPNProposals', 'RandomProposals',
    'RegionBBoxHead', 'RegionCLIP', 'RegionDistillLoss', 'RegionMaskHead',
    'RegionRoIExtractor', 'RegionRoIHead', 'RegionTextPretrainer',
    'TextEmbeddingClassifier', 'TopKDistillLoss', 'WholeImageProposals'
]
