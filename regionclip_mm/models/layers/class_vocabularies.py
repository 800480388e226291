"""The classes of training and of testing, with their embeddings."""
from typing import Dict, Optional, Tuple, Union

import torch
import torch.nn.functional as F
from torch import Tensor

from mmdet.registry import TASK_UTILS

from ...text import Vocabulary

VocabularySource = Union[Vocabulary, dict, None]


class ClassVocabularies:
    """Vocabularies of text classifiers, read at first use.

    mmdet's heads build their classifiers more than once, hence nothing is
    read when this is made. Layers may share one, as those of a DETR do.

    Args:
        train: Source of the training classes: a config of TASK_UTILS, or a
            :class:`Vocabulary`.
        test: Source of the test classes; None for those of training.
    """

    def __init__(self, train: VocabularySource = None,
                 test: VocabularySource = None) -> None:
        self._sources = dict(train=train, test=test)
        self._read: Dict[str, Optional[Vocabulary]] = {}
        # Not a buffer: it appears at first use, and copies of the model
        # (averages of weights, half precision) pair buffers by position.
        self._normalised: Dict[Tuple[str, torch.device], Tensor] = {}

    @property
    def train(self) -> Optional[Vocabulary]:
        """Classes of training; read now if they were not yet."""
        return self._resolve('train')

    @property
    def test(self) -> Optional[Vocabulary]:
        """Classes of testing: their own, or those of training."""
        return self._resolve('test') or self._resolve('train')

    @property
    def test_source(self) -> VocabularySource:
        """What :meth:`set_test` brings back later."""
        return self._read.get('test') or self._sources['test']

    def set_test(self, vocabulary: VocabularySource) -> None:
        """Choose the test classes; None for those of training."""
        self._read.pop('test', None)
        self._sources['test'] = vocabulary
        self._normalised.clear()

    def given(self) -> Dict[str, Vocabulary]:
        """The vocabularies that there are, by the key of their source in the
        config."""
        both = dict(vocabulary=self._resolve('train'),
                    test_vocabulary=self._resolve('test'))
        return {key: one for key, one in both.items() if one is not None}

    def in_use(self, training: bool) -> Optional[Vocabulary]:
        """Classes of training or of testing."""
        return self.train if training else self.test

    def embeddings(self, training: bool, device: torch.device) -> Tensor:
        """Normalised embeddings (K, D), float32, of the classes in use.

        Raises:
            AttributeError: If there are none.
        """
        own_test = not training and self._sources['test'] is not None
        key = ('test' if own_test else 'train', device)
        if key not in self._normalised:
            vocabulary = self.in_use(training)
            # Made for good, also when first used in inference mode.
            with torch.inference_mode(False):
                self._normalised[key] = F.normalize(
                    vocabulary.embeddings.to(device).float(), dim=-1)
        return self._normalised[key]

    def _resolve(self, split: str) -> Optional[Vocabulary]:
        if split not in self._read:
            source = self._sources[split]
            if source is not None and not isinstance(source, Vocabulary):
                source = TASK_UTILS.build(source).build()
            self._read[split] = source
        return self._read[split]
