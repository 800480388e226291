"""The random numbers of a process, as plain values."""
import random
from typing import Any, Dict

import numpy as np
import torch

State = Dict[str, Any]


def get_random_state() -> State:
    """State of Python's, NumPy's and torch's generators.

    Returns:
        Plain containers and tensors on the CPU, which ``torch.load`` reads
        with ``weights_only``; with a GPU that of the current device.
    """
    name, keys, *rest = np.random.get_state()
    state = dict(python=random.getstate(),
                 numpy=(name, torch.from_numpy(keys.astype(np.int64)), *rest),
                 torch=torch.get_rng_state())
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        state['cuda'] = torch.cuda.get_rng_state()
    return state


def set_random_state(state: State) -> None:
    """Continue with what :func:`get_random_state` returned.

    Its tensors may have travelled to a GPU with the rest of a checkpoint.
    """
    version, words, gauss = state['python']
    random.setstate((version, tuple(words), gauss))
    name, keys, *rest = state['numpy']
    np.random.set_state((name, keys.cpu().numpy().astype(np.uint32), *rest))
    torch.set_rng_state(state['torch'].cpu())
    if 'cuda' in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(state['cuda'].cpu())
