"""A miniature open-vocabulary world drawn with emoji."""
from .datasets import EmojiCaptionDataset
from .optim import CPUAmpOptimWrapper
from .transforms import PackEmojiInputs

__all__ = ['CPUAmpOptimWrapper', 'EmojiCaptionDataset', 'PackEmojiInputs']
