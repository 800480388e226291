"""What a region encoder learns from a teacher's concepts (RegionCLIP)."""
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor

from mmdet.registry import MODELS


@MODELS.register_module()
class RegionDistillLoss(BaseModule):
    """KL divergence of the teacher's concepts from the student's.

    Parity: ``loss_region_distill`` of ``g6_pretrain_rn50``; the reference
    takes the logarithm of a softmax, which is infinite below 1e-38, this the
    log-softmax.

    Args:
        loss_weight: Factor of the loss.
    """

    def __init__(self, loss_weight: float = 1.0) -> None:
        super().__init__()
        self.loss_weight = loss_weight

    def forward(self, logits: Tensor, teacher_logits: Tensor) -> Tensor:
        """Mean over regions.

        Args:
            logits: The student's (R, K): cosines divided by the temperature,
                without a column of background; R may be 0.
            teacher_logits: The teacher's for the same regions and concepts.

        Returns:
            Scalar loss.
        """
        loss = F.kl_div(logits.float().log_softmax(-1),
                        teacher_logits.float().log_softmax(-1),
                        reduction='sum', log_target=True)
        return self.loss_weight * loss / max(len(logits), 1)


@MODELS.register_module()
class ConceptContrastiveLoss(BaseModule):
    """Regions against the concepts that the regions of the batch have.

    Of a region and the concepts of all regions, one for each region, the
    probabilities that are of its own concept are summed:
    ``-log(sum_j [y_j = y_i] p_ij)``. Regions of one concept have one column
    in common, so that the softmax over regions is one over the concepts that
    occur, each weighted by how often.

    Parity: ``loss_concept_contrastive`` of ``g6_pretrain_rn50``, which is of
    one process.

    Args:
        loss_weight: Factor of the loss.
    """

    def __init__(self, loss_weight: float = 1.0) -> None:
        super().__init__()
        self.loss_weight = loss_weight

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Mean over regions.

        Args:
            logits: The student's (R, K): cosines divided by the temperature,
                without a column of background; R may be 0.
            labels: Concept of each region (R,), in 0..K-1.

        Returns:
            Scalar loss.
        """
        if len(labels) == 0:
            return self.loss_weight * logits.sum()
        logits = logits.float()
        # torch.bincount would wait for the GPU
        counts = logits.new_zeros(logits.shape[1]).index_add_(
            0, labels, logits.new_ones(len(labels)))
        # concepts that do not occur weigh log(0)
        return self.loss_weight * F.cross_entropy(
            logits + counts.log(), labels)
