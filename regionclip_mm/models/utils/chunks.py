"""A function of many regions, evaluated a few at a time."""
from typing import Callable, Optional, Tuple

import torch
from torch import Tensor

Outputs = Tuple[Optional[Tensor], ...]


def in_chunks(function: Callable[[Tensor], Outputs], rois: Tensor,
              size: int) -> Outputs:
    """Bound the memory of what is computed for each region.

    With gradients nothing is split: all maps are kept for the way back.

    Args:
        function: Regions (r, 5) -> tensors whose first dimension is r, or
            None.
        rois: Regions (R, 5); R may be 0.
        size: Most regions at a time.

    Returns:
        What ``function(rois)`` returns.
    """
    if torch.is_grad_enabled() or len(rois) <= size:
        return function(rois)
    parts = [function(chunk) for chunk in rois.split(size)]
    return tuple(None if part[0] is None else torch.cat(part)
                 for part in zip(*parts))
