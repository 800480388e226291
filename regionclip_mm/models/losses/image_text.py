"""CLIP's contrast between images and their captions."""
import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor

from mmdet.registry import MODELS

from ..utils import gather_rows


@MODELS.register_module()
class ImageTextContrastiveLoss(BaseModule):
    """Symmetric InfoNCE over a batch of image-caption pairs (CLIP, 2021).

    The batch is that of all processes, with gradients
    (:func:`..utils.gather_rows`).

    Parity: ``loss_img_txt_level`` of ``g6_pretrain_rn50`` and
    ``g6_gather_2proc``.

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
            Scalar loss; zero, in the graph, if there is no pair.
        """
        # Logits of up to 100 need float32, also under autocast.
        with torch.autocast(image_embeddings.device.type, enabled=False):
            image = F.normalize(image_embeddings.float(), dim=-1)
            text = F.normalize(text_embeddings.float(), dim=-1)
            image, text = gather_rows(image, text)
            if len(image) == 0:
                return self.loss_weight * (image_embeddings[:0].sum()
                                           + text_embeddings[:0].sum())
            logits = scale.float() * image @ text.t()
            target = torch.arange(len(logits), device=logits.device)
            loss = (F.cross_entropy(logits, target)
                    + F.cross_entropy(logits.t(), target)) / 2
        return self.loss_weight * loss
