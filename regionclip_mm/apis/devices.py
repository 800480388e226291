"""Devices that a user names."""
import os
from typing import List, Optional

import torch

MOST_ON_CPU = 4  # processes, by default: each has a copy of the weights


def devices_of(device: str, processes: Optional[int]) -> List[str]:
    """A device for each process.

    Args:
        device: 'cpu', 'cuda' for all GPUs, or 'cuda:1' for one.
        processes: By default one for each GPU, or for each core, but no more
            than :data:`MOST_ON_CPU`.

    Raises:
        ValueError: If there is no such device.
    """
    check_device(device)
    if device != 'cuda':
        count = 1 if ':' in device else min(os.cpu_count() or 1, MOST_ON_CPU)
        return [device] * (processes or count)
    gpus = torch.cuda.device_count()
    return [f'cuda:{number % gpus}' for number in range(processes or gpus)]


def check_device(device: str) -> None:
    """Raise a ValueError unless torch can use a device here.

    Args:
        device: 'cpu', 'cuda' or 'cuda:1'.
    """
    try:
        torch.zeros(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f'--device {device} cannot be used here: {reason}'
                         ) from None
