"""Networks that only infer, in half precision."""
from contextlib import nullcontext
from typing import ContextManager, Optional

import torch

DTYPES = (None, 'bfloat16', 'float16')


def check_dtype(key: str, name: Optional[str]) -> None:
    """Raise unless a network can infer in a type.

    Args:
        key: Of the config, for the message.
        name: One of :data:`DTYPES`.

    Raises:
        ValueError: Naming the choices.
    """
    if name not in DTYPES:
        raise ValueError(f"{key}={name!r}: choose None, 'bfloat16' or "
                         "'float16'")


def in_dtype(name: Optional[str],
             device: torch.device) -> ContextManager[None]:
    """Autocast to a type; None leaves the precision as it is.

    Args:
        name: One of :data:`DTYPES`.
        device: Where the network runs.
    """
    if name is None:
        return nullcontext()
    return torch.autocast(device.type, getattr(torch, name))
