"""Softmax classification by cosine similarity with text embeddings."""
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from mmdet.registry import MODELS

from .class_vocabularies import VocabularySource
from .text_classifier import TextClassifier


@MODELS.register_module()
class TextEmbeddingClassifier(TextClassifier):
    """A drop-in for ``Linear`` in ``cls_predictor_cfg`` of mmdet's bbox heads.

    Logits are cosine similarities divided by the temperature; the background
    is the last column, its logit exactly 0.

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

    background = 1

    def __init__(self,
                 in_features: int,
                 out_features: int,
                 vocabulary: VocabularySource = None,
                 test_vocabulary: VocabularySource = None,
                 temperature: float = 0.01) -> None:
        super().__init__(in_features, out_features, in_features, vocabulary,
                         test_vocabulary, temperature)

    def forward(self, x: Tensor) -> Tensor:
        """Classify regions.

        Args:
            x: Region embeddings (R, D), normalised or not.

        Returns:
            Logits (R, K + 1), float32, background last.
        """
        return F.pad(self.cosines(x) / self.temperature, (0, 1))


@MODELS.register_module()
class ProjectedTextClassifier(TextClassifier):
    """:class:`TextEmbeddingClassifier` for features of any size, which a
    linear layer takes to that of the text embeddings.

    Args:
        in_features: Size C of the features; given by the bbox head.
        out_features: Number of classes of training plus one; given by the
            bbox head.
        embed_dim: Size D of the text embeddings: 1024 for CLIP's RN50.
        kwargs: As for :class:`TextEmbeddingClassifier`.
    """

    background = 1

    def __init__(self, in_features: int, out_features: int, embed_dim: int,
                 **kwargs: Any) -> None:
        super().__init__(in_features, out_features, embed_dim, **kwargs)
        self.projection = nn.Linear(in_features, embed_dim)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (R, K + 1) of features (R, C), float32, background last."""
        cosines = self.cosines(self.projection(x))
        return F.pad(cosines / self.temperature, (0, 1))
