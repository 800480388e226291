"""Classification with a sigmoid per class, for detectors without background.

Logits are scaled cosines and a bias. The scale is learned, as CLIP's is; the
bias begins at the prior of focal loss (Lin et al., ICCV 2017, section 4.1).
"""
from typing import Any

import torch
import torch.nn.functional as F
from mmengine.model import bias_init_with_prob
from torch import Tensor, nn

from mmdet.registry import MODELS

from .text_classifier import TextClassifier

PRIOR = 0.01


@MODELS.register_module()
class SigmoidTextClassifier(TextClassifier):
    """A classifier per query, in place of the ``Linear`` of a DETR.

    Features are projected to the size of the text embeddings; logits are
    cosine similarities divided by a temperature, plus a bias; both are
    learned, and the same for all classes.

    Args:
        in_features: Size C of the features.
        out_features: Number of classes of training.
        embed_dim: Size D of the text embeddings: 1024 for CLIP's RN50.
        temperature: Divisor of the cosine similarities with which training
            begins, positive. Names resemble each other, so that one feature
            is far from all of them or near to all: a small divisor would
            begin with large losses everywhere.
        kwargs: As for :class:`TextClassifier`.
    """

    def __init__(self, in_features: int, out_features: int, embed_dim: int,
                 temperature: float = 0.1, **kwargs: Any) -> None:
        super().__init__(in_features, out_features, embed_dim,
                         temperature=temperature, **kwargs)
        self.projection = self._make_projection()
        # From 1 / temperature, to which weight decay draws it.
        self.log_scale = nn.Parameter(torch.zeros(()))
        # Named as that of a Linear: mmdet's heads give it their prior.
        self.bias = nn.Parameter(torch.tensor(bias_init_with_prob(PRIOR)))

    def forward(self, x: Tensor) -> Tensor:
        """Logits (..., K) of features (..., C), float32."""
        return self.scaled(self.cosines(self.projection(x)))

    def scaled(self, cosines: Tensor) -> Tensor:
        """Logits of cosine similarities, of the same shape, float32."""
        scale = self.log_scale.float().exp() / self.temperature
        return cosines * scale + self.bias.float()

    def _make_projection(self) -> nn.Module:
        return nn.Linear(self.in_features, self.embed_dim)


@MODELS.register_module()
class ConvTextClassifier(SigmoidTextClassifier):
    """The same at every place of a feature map, in place of the last
    convolution of a one-stage detector."""

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, K, H, W) of a feature map (N, C, H, W), float32."""
        x = self.projection(x)
        kernels = self.class_embeddings(x, x.shape[1])[..., None, None]
        with torch.autocast(x.device.type, enabled=False):
            cosines = F.conv2d(F.normalize(x.float(), dim=1), kernels)
        return self.scaled(cosines)

    def _make_projection(self) -> nn.Module:
        return nn.Conv2d(self.in_features, self.embed_dim, 1)
