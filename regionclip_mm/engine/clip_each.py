"""Clips the gradient of each parameter tensor by its own norm."""
from typing import Any, List, Optional, Union

import torch
from mmengine.optim import DefaultOptimWrapperConstructor, OptimWrapper
from torch import Tensor, nn
from torch.optim import Optimizer

from mmdet.registry import OPTIM_WRAPPER_CONSTRUCTORS


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class ClipEachConstructor(DefaultOptimWrapperConstructor):
    """Builds an optimizer that clips each gradient before it steps.

    ``optim_wrapper.clip_grad=dict(max_norm=5)`` then bounds the norm of each
    parameter's own gradient, where mmengine clips the norm of all together
    (detectron2 calls the one 'norm', the other 'full_model'). It happens in
    the optimizer's step, after accumulation and after the loss scaler of any
    :class:`AmpOptimWrapper`, so that ``--amp`` works too. Nothing is copied
    from the GPU to the host.

    Args:
        optim_wrapper_cfg: With ``clip_grad``: ``max_norm``, ``norm_type``.
        paramwise_cfg: See mmengine.

    Raises:
        ValueError: If ``clip_grad`` does not fit, or the optimizer unscales
            gradients by itself (``fused``).
    """

    def __init__(self, optim_wrapper_cfg: dict,
                 paramwise_cfg: Optional[dict] = None) -> None:
        optim_wrapper_cfg = optim_wrapper_cfg.copy()
        self.clip = dict(optim_wrapper_cfg.pop('clip_grad', None) or {})
        unknown = set(self.clip) - {'max_norm', 'norm_type'}
        if unknown or not self.clip.get('max_norm', 0) > 0:
            raise ValueError(
                f'optim_wrapper.clip_grad={self.clip or None}: the '
                'ClipEachConstructor needs dict(max_norm=...) with a number '
                'above 0 and knows no more than norm_type. To clip nothing, '
                'remove optim_wrapper.constructor')
        super().__init__(optim_wrapper_cfg, paramwise_cfg)

    def __call__(self, model: nn.Module) -> OptimWrapper:
        """Build the wrapper and its optimizer."""
        wrapper = super().__call__(model)
        optimizer = wrapper.optimizer
        if hasattr(wrapper, 'loss_scaler') and getattr(
                optimizer, '_step_supports_amp_scaling', False):
            raise ValueError(
                'a fused optimizer unscales gradients after they are clipped: '
                'remove optim_wrapper.optimizer.fused')

        def clip(optimizer: Optimizer, *_: Any) -> None:
            clip_each([p.grad for group in optimizer.param_groups
                       for p in group['params'] if p.grad is not None],
                      **self.clip)

        optimizer.register_step_pre_hook(clip)
        return wrapper


@torch.no_grad()
def clip_each(grads: List[Tensor], max_norm: float,
              norm_type: Union[int, float] = 2.0) -> None:
    """Scale each gradient, in place, to a norm of at most `max_norm`.

    Parity: ``torch.nn.utils.clip_grad_norm_`` of one tensor at a time, with
    its 1e-6.
    """
    if grads:
        norms = torch._foreach_norm(grads, norm_type)
        torch._foreach_add_(norms, 1e-6)
        torch._foreach_reciprocal_(norms)
        torch._foreach_mul_(norms, max_norm)
        torch._foreach_clamp_max_(norms, 1.0)
        torch._foreach_mul_(grads, norms)
