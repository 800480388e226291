"""A miniature open-vocabulary world drawn with emoji."""
from .datasets import EmojiCaptionDataset
from .transforms import PackEmojiInputs

__all__ = ['EmojiCaptionDataset', 'PackEmojiInputs']
