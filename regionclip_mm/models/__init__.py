"""Models, registered in mmdet's registry."""
from .backbones import CLIPResNet
from .dense_heads import TextATSSHead, TextDINOHead, TextRTMDetSepBNHead
from .detectors import (OpenVocabularyATSS, OpenVocabularyCascadeRCNN,
                        OpenVocabularyDINO, OpenVocabularyFasterRCNN,
                        OpenVocabularyFastRCNN, OpenVocabularyMaskRCNN,
                        OpenVocabularyRTMDet, RegionCLIP, SourcedFastRCNN)
from .layers import (AttentionPool2d, ConvTextClassifier,
                     ProjectedTextClassifier, SigmoidTextClassifier,
                     TextEmbeddingClassifier)
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
    'ConvTextClassifier', 'FileProposals', 'FocalScaledCrossEntropy',
    'GTProposals', 'GridProposals', 'ImageTextContrastiveLoss',
    'OfflineRegionTextPretrainer', 'OpenVocabularyATSS',
    'OpenVocabularyCascadeRCNN', 'OpenVocabularyDINO',
    'OpenVocabularyFastRCNN', 'OpenVocabularyFasterRCNN',
    'OpenVocabularyMaskRCNN', 'OpenVocabularyRTMDet',
    'ProjectedTextClassifier', 'RPNProposals', 'RandomProposals',
    'RegionBBoxHead', 'RegionCLIP', 'RegionDistillLoss', 'RegionMaskHead',
    'RegionRoIExtractor', 'RegionRoIHead', 'RegionTextPretrainer',
    'SigmoidTextClassifier', 'SourcedFastRCNN', 'TextATSSHead',
    'TextDINOHead', 'TextEmbeddingClassifier', 'TextRTMDetSepBNHead',
    'TopKDistillLoss', 'WholeImageProposals'
]
