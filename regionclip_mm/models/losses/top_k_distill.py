"""Distillation from the few best concepts of each region."""
from typing import Tuple

import torch
from mmengine.model import BaseModule
from torch import Tensor

from mmdet.registry import MODELS


@MODELS.register_module()
class TopKDistillLoss(BaseModule):
    """KL divergence from few of the teacher's concepts and "the rest".

    All but k concepts of a region count as one. Joining concepts can only
    bring two distributions closer, so that it is never larger than
    :class:`RegionDistillLoss`, to which it is equal where k is the number of
    concepts. What it lacks is, for each region, the mass of the rest times
    the divergence within the rest.

    Args:
        loss_weight: Factor of the loss.
    """

    def __init__(self, loss_weight: float = 1.0) -> None:
        super().__init__()
        self.loss_weight = loss_weight

    def forward(self, logits: Tensor, concepts: Tensor, log_probs: Tensor,
                log_rest: Tensor) -> Tensor:
        """Mean over regions.

        Args:
            logits: The student's (R, K): cosines divided by the temperature,
                without a column of background; R may be 0.
            concepts: k different concepts of each region (R, k), in 0..K-1.
            log_probs: The teacher's log-probabilities of them (R, k); those
                of half precision are normalised again, with the rest.
            log_rest: Logarithm of the mass of the other concepts (R,), -inf
                if it is zero; see :func:`top_k_log_probs`.

        Returns:
            Scalar loss.
        """
        ours = with_rest(logits.float().log_softmax(-1), concepts.long())
        theirs = torch.cat([log_probs.float(), log_rest.float()[:, None]],
                           1)[:, :ours.shape[1]].log_softmax(-1)
        probs = theirs.exp()
        # 0 log(0) is 0
        loss = (probs * (theirs.masked_fill(probs == 0, 0) - ours)).sum()
        return self.loss_weight * loss / max(len(logits), 1)


def top_k_log_probs(logits: Tensor, k: int) -> Tuple[Tensor, Tensor, Tensor]:
    """The best concepts of each region, and the mass of the others.

    Args:
        logits: Of the concepts (R, K), without a column of background.
        k: How many concepts; all if there are fewer.

    Returns:
        ``concepts`` (R, k), best first, ``log_probs`` (R, k) and
        ``log_rest`` (R,), -inf if there are no others.
    """
    every = logits.float().log_softmax(-1)
    log_probs, concepts = every.topk(min(k, every.shape[1]), -1)
    joined = with_rest(every, concepts)
    if joined.shape[1] == log_probs.shape[1]:
        return concepts, log_probs, log_probs.new_full(
            log_probs.shape[:1], -torch.inf)
    return concepts, log_probs, joined[:, -1]


def with_rest(log_probs: Tensor, concepts: Tensor) -> Tensor:
    """Log-probabilities of some concepts, and of all others as one.

    The rest is added up, not what others leave of 1, which would be rounding
    where they have nearly all.

    Args:
        log_probs: Of all concepts (R, K).
        concepts: k different ones of each region (R, k).

    Returns:
        (R, k + 1), the rest last; (R, k) if k is K.
    """
    chosen = log_probs.gather(-1, concepts)
    if concepts.shape[1] == log_probs.shape[1]:
        return chosen
    rest = log_probs.scatter(-1, concepts, -torch.inf).logsumexp(
        -1, keepdim=True)
    return torch.cat([chosen, rest], 1)
