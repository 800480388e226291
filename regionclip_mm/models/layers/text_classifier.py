"""What all text classifiers have in common: cosines and checks."""
import math
from typing import Optional

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...text import Vocabulary
from .class_vocabularies import ClassVocabularies, VocabularySource

NO_CLASSES = ('the detector has no classes: set vocabulary in '
              'cls_predictor_cfg, or call detector.set_vocabulary('
              "['cat', 'dog'])")


class TextClassifier(nn.Module):
    """Base of the layers that take the place of a detector's classifier.

    Embeddings are not part of the checkpoint: they come from the vocabulary,
    which is read at first use.

    Args:
        in_features: Size of the features to classify.
        out_features: Number of classes of training, and background columns.
        embed_dim: Size D of the text embeddings.
        vocabulary: Source of the training classes (a config of TASK_UTILS, or
            a :class:`Vocabulary`); also of the test classes unless these are
            given.
        test_vocabulary: Source of the test classes, any number of them.
        temperature: Divisor of the cosine similarities, positive.
    """

    background = 0  # columns after those of the classes

    def __init__(self,
                 in_features: int,
                 out_features: int,
                 embed_dim: int,
                 vocabulary: VocabularySource = None,
                 test_vocabulary: VocabularySource = None,
                 temperature: float = 0.01) -> None:
        super().__init__()
        if not (isinstance(temperature, (int, float)) and temperature > 0
                and math.isfinite(temperature)):
            raise ValueError(f'cls_predictor_cfg.temperature={temperature!r}:'
                             " give a positive number, CLIP's is 0.01")
        self.in_features = in_features
        self.embed_dim = embed_dim
        self.temperature = temperature
        self.built_for = out_features
        self.vocabularies = ClassVocabularies(vocabulary, test_vocabulary)

    @property
    def out_features(self) -> int:
        """Columns of the logits, as of ``Linear``: in training those that
        this was built for, else those of the test classes."""
        vocabulary = None if self.training else self.vocabularies.test
        return (self.built_for if vocabulary is None
                else len(vocabulary.names) + self.background)

    @property
    def train_vocabulary(self) -> Optional[Vocabulary]:
        """Classes of training; read now if they were not yet."""
        return self.vocabularies.train

    @property
    def test_vocabulary(self) -> Optional[Vocabulary]:
        """Classes of testing: their own, or those of training."""
        return self.vocabularies.test

    @property
    def test_source(self) -> VocabularySource:
        """What :meth:`set_test_vocabulary` brings back later."""
        return self.vocabularies.test_source

    def set_test_vocabulary(self, vocabulary: VocabularySource) -> None:
        """Choose the test classes; the training classes stay.

        Args:
            vocabulary: Names with embeddings (K, D), normalised or not; or a
                source that is read at first use; or None for the training
                classes.
        """
        if isinstance(vocabulary, Vocabulary):
            self._check_size(vocabulary, self.embed_dim)
        self.vocabularies.set_test(vocabulary)

    def class_embeddings(self, x: Tensor, size: int) -> Tensor:
        """Normalised text embeddings (K, D) of the classes in use, float32,
        on the device of ``x``, for features of ``size`` D.

        Raises:
            RuntimeError: If there is no vocabulary.
            ValueError: If it is of another size, or, in training, of another
                number of classes than this layer.
        """
        vocabulary = self.vocabularies.in_use(self.training)
        if vocabulary is None:
            raise RuntimeError(NO_CLASSES)
        self._check_size(vocabulary, size)
        if self.training:
            self.check_count(len(vocabulary.names))
        return self.vocabularies.embeddings(self.training, x.device)

    def cosines(self, x: Tensor) -> Tensor:
        """Cosine similarities with the classes in use.

        Args:
            x: Embeddings (..., D), normalised or not.

        Returns:
            (..., K), float32 also under autocast.
        """
        embeddings = self.class_embeddings(x, x.shape[-1])
        with torch.autocast(x.device.type, enabled=False):
            return F.normalize(x.float(), dim=-1) @ embeddings.t()

    def check_sizes(self, path: str) -> None:
        """Raise if a vocabulary, of training or of testing, is of another
        CLIP; else validation would be the first to notice.

        Args:
            path: Of this layer in the config, for the message.

        Raises:
            ValueError: Naming both sizes.
        """
        for key, vocabulary in self.vocabularies.given().items():
            self._check_size(vocabulary, self.embed_dim, f'{path}.{key}')

    def _check_size(self, vocabulary: Vocabulary, size: int,
                    key: str = 'cls_predictor_cfg.vocabulary') -> None:
        if vocabulary.embed_dim != size:
            raise ValueError(
                f'the vocabulary has {vocabulary.embed_dim}-dimensional '
                f'embeddings, the region encoder gives {size}: they come from '
                'different CLIP models; rebuild the vocabulary with '
                'tools/build_vocabulary.py for the architecture in use, or '
                f'change {key}')

    def check_count(self, names: int, owner: str = '') -> None:
        """Raise if the head was not built for so many training classes.

        Args:
            names: Of the training vocabulary.
            owner: Of the head in the config, if it is known, with a dot.

        Raises:
            ValueError: Naming both numbers.
        """
        if names + self.background != self.built_for:
            head = f'{owner}bbox_head'
            raise ValueError(
                f'{head}.num_classes={self.built_for - self.background}, but '
                f'the training vocabulary has {names} names: make them equal '
                f'({head}.cls_predictor_cfg.vocabulary, {head}.num_classes)')

    def extra_repr(self) -> str:
        """Shown by ``print(model)``."""
        return (f'in_features={self.in_features}, '
                f'temperature={self.temperature}')
