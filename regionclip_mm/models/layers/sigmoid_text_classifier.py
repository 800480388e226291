"""Classification with a sigmoid per class, for detectors without background.

The form of the logits, scaled cosines and a bias that begins at a prior, is
that of Detic (Zhou et al., ECCV 2022, section 4), which it takes from focal
loss (Lin et al., ICCV 2017, section 4.1).
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
    cosine similarities divided by the temperature, plus a bias that all
    classes share.

    Args:
        in_features: Size C of the features.
        out_features: Number of classes of training.
        embed_dim: Size D of the text embeddings: 1024 for CLIP's RN50.
        temperature: Divisor of the cosine similarities, positive.
        kwargs: As for :class:`TextClassifier`.
    """

    def __init__(self, in_features: int, out_features: int, embed_dim: int,
                 temperature: float = 0.02, **kwargs: Any) -> None:
        super().__init__(in_features, out_features, embed_dim,
                         temperature=temperature, **kwargs)
        self.projection = self._make_projection()
        # Named as that of a Linear: mmdet's heads give it their prior.
        self.bias = nn.Parameter(torch.tensor(bias_init_with_prob(PRIOR)))

    def forward(self, x: Tensor) -> Tensor:
        """Logits (..., K) of features (..., C), float32."""
        cosines = self.cosines(self.projection(x))
        return cosines / self.temperature + self.bias.float()

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
        return cosines / self.temperature + self.bias.float()

    def _make_projection(self) -> nn.Module:
        return nn.Conv2d(self.in_features, self.embed_dim, 1)
