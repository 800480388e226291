"""CLIP's contrast between images and their captions."""
import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor

from mmdet.registry import MODELS


@MODELS.register_module()
class ImageTextContrastiveLoss(BaseModule):
    """Symmetric InfoNCE over a batch of image-caption pairs (CLIP, 2021).

    The batch is that of one process: under several, captions of the others
    are no negatives (the reference gathers them).

    Args:
        loss_weight: Factor of the loss.
    """

    def __init__(self, loss_weight: float = 1.0) -> None:
        super().__init__()
        self.loss_weight = loss_weight

    def forward(self, image_embeddings: Tensor, text_embeddings: Tensor,
                scale: Tensor) -> Tensor:
        """Mean of the image-to-text and the text-to-image cross entropy.

        Args:
            image_embeddings: (N, D), normalised or not.
            text_embeddings: (N, D); row i is the caption of image i.
            scale: Inverse temperature, a scalar.

        Returns:
            Scalar loss.
        """
        # Logits of up to 100 need float32, also under autocast.
        with torch.autocast(image_embeddings.device.type, enabled=False):
            image = F.normalize(image_embeddings.float(), dim=-1)
            text = F.normalize(text_embeddings.float(), dim=-1)
            logits = scale.float() * image @ text.t()
            target = torch.arange(len(logits), device=logits.device)
            loss = (F.cross_entropy(logits, target)
                    + F.cross_entropy(logits.t(), target)) / 2
        return self.loss_weight * loss
