"""A miniature open-vocabulary world drawn with emoji."""
from .datasets import EmojiCaptionDataset
from .hooks import ChannelsLastHook
from .optim import CPUAmpOptimWrapper
from .scene_datasets import (EmojiAllDataset, EmojiCocoDataset,
                             EmojiProposalDataset)
from .transforms import PackEmojiInputs
from .vocabulary import EmojiVocabulary

__all__ = [
    'CPUAmpOptimWrapper', 'ChannelsLastHook', 'EmojiAllDataset',
    'EmojiCaptionDataset', 'EmojiCocoDataset', 'EmojiProposalDataset',
    'EmojiVocabulary', 'PackEmojiInputs'
]
