"""Models, registered in mmdet's registry."""
from .backbones import CLIPResNet
from .layers import AttentionPool2d
from .losses import ImageTextContrastiveLoss
from .pretrainers import CLIP
from .roi_heads import CLIPResLayer

__all__ = [
    'AttentionPool2d', 'CLIP', 'CLIPResLayer', 'CLIPResNet',
    'ImageTextContrastiveLoss'
]
