"""Rows of all processes, with gradients."""
from typing import Tuple

import torch
from mmengine.dist import all_reduce, get_world_size
from torch import Tensor


def gather_rows(*tensors: Tensor) -> Tuple[Tensor, ...]:
    """Join the rows of every process, in the order of their ranks.

    Processes with more rows than another leave out their last ones (parity:
    ``gather_tensors`` of the reference). On the way back each process gets
    the sum of all processes' gradients of its rows: where all of them compute
    the same loss, that is ``world_size`` times its gradient, of which
    DistributedDataParallel's mean makes the gradient of the joined batch.

    Args:
        tensors: Each (N, ...), N being the same within a process.

    Returns:
        The joined tensors (world_size * least N, ...); those given if there
        is one process.
    """
    if get_world_size() == 1:
        return tensors
    least = torch.tensor(len(tensors[0]), device=tensors[0].device)
    all_reduce(least, 'min')
    rows = int(least)
    return tuple(torch.cat(_all_gather(x[:rows].contiguous()))
                 for x in tensors)


def _all_gather(x: Tensor) -> Tuple[Tensor, ...]:
    from torch.distributed.nn.functional import all_gather
    return all_gather(x)
