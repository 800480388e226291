"""Cross entropy in which background regions count less than objects."""
from abc import ABC, abstractmethod
from typing import Optional, Union

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor

from mmdet.registry import MODELS

REDUCTIONS = ('none', 'mean', 'sum')
# Below it a float32 probability is 1 and its cross entropy 0; the power of a
# plain zero would have an infinite slope.
TINY = 1e-12


class _BackgroundWeighted(BaseModule, ABC):
    """What both losses share; see them for the definitions."""

    def __init__(self, bg_weight: float, loss_weight: float) -> None:
        super().__init__()
        _check('bg_weight', bg_weight)
        _check('loss_weight', loss_weight)
        self.bg_weight = bg_weight
        self.loss_weight = loss_weight

    def forward(self,
                cls_score: Tensor,
                label: Tensor,
                weight: Optional[Tensor] = None,
                avg_factor: Optional[float] = None,
                reduction_override: Optional[str] = None) -> Tensor:
        """Loss of regions, as mmdet's bbox heads call it.

        Args:
            cls_score: Logits (R, K + 1), background last; computed in
                float32, also under autocast. R may be 0: the loss is then a
                zero that is connected to the graph.
            label: Class of each region (R,), K for background.
            weight: Factor of each region (R,), or None.
            avg_factor: What the sum is divided by; see the class.
            reduction_override: 'none', 'mean' (as None) or 'sum'.

        Returns:
            Scalar loss, or (R,) of them for 'none'.
        """
        if reduction_override not in (None, *REDUCTIONS):
            raise ValueError(f'reduction_override={reduction_override!r}: '
                             f'choose one of {REDUCTIONS}')
        with torch.autocast(cls_score.device.type, enabled=False):
            full = torch.promote_types(cls_score.dtype, torch.float32)
            cross_entropy = F.cross_entropy(
                cls_score.to(full), label, reduction='none')
        background = label == cls_score.shape[1] - 1
        factor = torch.where(background, self.bg_weight, 1.0).to(cross_entropy)
        if weight is not None:
            factor = factor * weight.to(factor)
        loss = self.loss_weight * factor * self._scaled(cross_entropy)
        if reduction_override == 'none':
            return loss
        if reduction_override == 'sum' or len(loss) == 0:
            return loss.sum()
        return loss.sum() / self._divisor(factor, avg_factor)

    def _scaled(self, cross_entropy: Tensor) -> Tensor:
        """Cross entropy (R,) -> loss of each region (R,) before weights."""
        return cross_entropy

    @abstractmethod
    def _divisor(self, factor: Tensor,
                 avg_factor: Optional[float]) -> Union[Tensor, float]:
        """What the sum over regions with weights (R,) is divided by."""


@MODELS.register_module()
class FocalScaledCrossEntropy(_BackgroundWeighted):
    """``(1 - p)^gamma * CE``, background times ``bg_weight``, plain mean.

    ``p`` is the probability of the right class, through which gradients flow.
    The sum is divided by ``avg_factor``, in mmdet's heads the number of
    regions, or by that number. Parity: the reference's FOCAL_SCALED_LOSS,
    ``focal_*`` of ``g5_ovd_losses_rn50``.

    Args:
        gamma: 0 is plain cross entropy.
        bg_weight: Factor of background regions.
        loss_weight: Factor of the loss.
    """

    def __init__(self,
                 gamma: float = 0.5,
                 bg_weight: float = 0.2,
                 loss_weight: float = 1.0) -> None:
        super().__init__(bg_weight, loss_weight)
        _check('gamma', gamma)
        self.gamma = gamma

    def _scaled(self, cross_entropy: Tensor) -> Tensor:
        miss = -torch.expm1(-cross_entropy)
        return cross_entropy * miss.clamp(min=TINY)**self.gamma

    def _divisor(self, factor: Tensor,
                 avg_factor: Optional[float]) -> float:
        return len(factor) if avg_factor is None else avg_factor


@MODELS.register_module()
class BackgroundWeightedCrossEntropy(_BackgroundWeighted):
    """Cross entropy averaged with weight ``bg_weight`` for background.

    The sum is divided by the sum of the weights on this process, whatever
    ``avg_factor`` is. Parity: BG_CLS_LOSS_WEIGHT of the reference's LVIS
    recipe, ``ce_*`` of ``g5_ovd_losses_rn50``.

    Args:
        bg_weight: Weight of background regions; of the others it is 1.
        loss_weight: Factor of the loss.
    """

    def __init__(self,
                 bg_weight: float = 0.8,
                 loss_weight: float = 1.0) -> None:
        super().__init__(bg_weight, loss_weight)

    def _divisor(self, factor: Tensor,
                 avg_factor: Optional[float]) -> Tensor:
        return factor.sum().clamp(min=TINY)


def _check(name: str, value: float) -> None:
    if not 0 <= value < float('inf'):
        raise ValueError(f'bbox_head.loss_cls.{name}={value}: give a finite '
                         'number that is not negative')
