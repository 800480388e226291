"""Classification by cosine similarity with text embeddings."""
import math
from typing import Dict, Optional, Tuple, Union

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmdet.registry import MODELS, TASK_UTILS

from ...text import Vocabulary

VocabularySource = Union[Vocabulary, dict, None]
NO_CLASSES = ('the detector has no classes: set vocabulary in '
              'cls_predictor_cfg, or call detector.set_vocabulary('
              "['cat', 'dog'])")


@MODELS.register_module()
class TextEmbeddingClassifier(nn.Module):
    """A drop-in for ``Linear`` in ``cls_predictor_cfg`` of mmdet's bbox heads.

    Logits are cosine similarities divided by the temperature; the background
    is the last column, its logit exactly 0. Embeddings are not part of the
    checkpoint: they come from the vocabulary, which is read at first use
    because mmdet's heads build this layer more than once.

    Parity: ``box_predictor`` of the reference, whose ``cls_bg_score`` is zero;
    golden logits in ``g2_zeroshot_gt_rn50``. Logits stay in float32 under
    autocast.

    Args:
        in_features: Size D of the region embeddings; given by the bbox head.
        out_features: Number of classes of training plus one; given by the
            bbox head.
        vocabulary: Source of the training classes (a config of TASK_UTILS, or
            a :class:`Vocabulary`); also of the test classes unless these are
            given.
        test_vocabulary: Source of the test classes, any number of them
            (another number than in training needs a bbox head with
            ``reg_class_agnostic=True``).
        temperature: Divisor of the cosine similarities, positive.
    """

    def __init__(self,
                 in_features: int,
                 out_features: int,
                 vocabulary: VocabularySource = None,
                 test_vocabulary: VocabularySource = None,
                 temperature: float = 0.01) -> None:
        super().__init__()
        if not (isinstance(temperature, (int, float)) and temperature > 0
                and math.isfinite(temperature)):
            raise ValueError(f'cls_predictor_cfg.temperature={temperature!r}:'
                             " give a positive number, CLIP's is 0.01")
        self.in_features = in_features
        self.out_features = out_features
        self.temperature = temperature
        self._sources = dict(train=vocabulary, test=test_vocabulary)
        self._vocabularies: Dict[str, Optional[Vocabulary]] = {}
        # Not a buffer: it appears at first use, and copies of the model
        # (averages of weights, half precision) pair buffers by position.
        self._cache: Dict[Tuple[str, torch.device], Tensor] = {}

    @property
    def train_vocabulary(self) -> Optional[Vocabulary]:
        """Classes of training; read now if they were not yet."""
        return self._resolve('train')

    @property
    def test_vocabulary(self) -> Optional[Vocabulary]:
        """Classes of testing: their own, or those of training."""
        return self._resolve('test') or self._resolve('train')

    @property
    def test_source(self) -> VocabularySource:
        """What :meth:`set_test_vocabulary` brings back later."""
        return self._vocabularies.get('test') or self._sources['test']

    def set_test_vocabulary(self, vocabulary: VocabularySource) -> None:
        """Choose the test classes; the training classes stay.

        Args:
            vocabulary: Names with embeddings (K, D), normalised or not; or a
                source that is read at first use; or None for the training
                classes.
        """
        if isinstance(vocabulary, Vocabulary):
            self._check_size(vocabulary)
        self._vocabularies.pop('test', None)
        self._sources['test'] = vocabulary
        self._cache.clear()

    def forward(self, x: Tensor) -> Tensor:
        """Classify regions.

        Args:
            x: Region embeddings (R, D), normalised or not.

        Returns:
            Logits (R, K + 1), float32, background last.
        """
        embeddings = self._embeddings(x)
        with torch.autocast(x.device.type, enabled=False):
            cosine = F.normalize(x.float(), dim=-1) @ embeddings.t()
            return F.pad(cosine / self.temperature, (0, 1))

    def _embeddings(self, x: Tensor) -> Tensor:
        """Normalised embeddings (K, D) of the classes in use."""
        own_test = not self.training and self._sources['test'] is not None
        split = 'test' if own_test else 'train'
        key = (split, x.device)
        if key not in self._cache:
            vocabulary = self._resolve(split)
            if vocabulary is None:
                raise RuntimeError(NO_CLASSES)
            self._check_size(vocabulary, x.shape[-1])
            # Made for good, also when first used in inference mode.
            with torch.inference_mode(False):
                self._cache[key] = F.normalize(
                    vocabulary.embeddings.to(x.device).float(), dim=-1)
        if self.training:
            self.check_count(len(self._cache[key]))
        return self._cache[key]

    def _resolve(self, split: str) -> Optional[Vocabulary]:
        """Vocabulary of a split, from its source; None if it has none."""
        if split not in self._vocabularies:
            source = self._sources[split]
            if source is not None and not isinstance(source, Vocabulary):
                source = TASK_UTILS.build(source).build()
            self._vocabularies[split] = source
        return self._vocabularies[split]

    def check_sizes(self, path: str) -> None:
        """Raise if a vocabulary, of training or of testing, is of another
        CLIP; else validation would be the first to notice.

        Args:
            path: Of this layer in the config, for the message.

        Raises:
            ValueError: Naming both sizes.
        """
        for split, key in (('train', 'vocabulary'),
                           ('test', 'test_vocabulary')):
            vocabulary = self._resolve(split)
            if vocabulary is not None:
                self._check_size(vocabulary, key=f'{path}.{key}')

    def _check_size(self, vocabulary: Vocabulary, size: Optional[int] = None,
                    key: str = 'cls_predictor_cfg.vocabulary') -> None:
        size = size or self.in_features
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
        if names + 1 != self.out_features:
            head = f'{owner}bbox_head'
            raise ValueError(
                f'{head}.num_classes={self.out_features - 1}, but the '
                f'training vocabulary has {names} names: make them equal '
                f'({head}.cls_predictor_cfg.vocabulary, {head}.num_classes)')

    def extra_repr(self) -> str:
        """Shown by ``print(model)``."""
        return (f'in_features={self.in_features}, '
                f'temperature={self.temperature}')
