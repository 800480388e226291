"""Canonical checkpoints, written in one step."""
from pathlib import Path
from typing import Union

from ..io.files import save_plain_file
from .accounting import StateDict


def save_checkpoint(state: StateDict,
                    path: Union[str, Path],
                    meta: dict,
                    half: bool = False) -> None:
    """Write ``{state_dict, meta}``, as MMEngine's runners load it.

    Args:
        state: Weights by name; nothing else (no optimizer) is written.
        path: File to write or replace.
        meta: Plain values.
        half: Store them as of :func:`in_half`, half the size. Loading turns
            them back.
    """
    # one contiguous copy each, so that no storage is larger than its tensor
    state = {key: value.clone().contiguous() for key, value in
             (in_half(state) if half else state).items()}
    save_plain_file(dict(state_dict=state, meta=meta), path)


def in_half(state: StateDict) -> StateDict:
    """Weights with kernels and matrices in float16.

    Vectors (norms, biases) stay in float32.
    """
    return {key: value.half() if value.ndim > 1 and value.is_floating_point()
            else value for key, value in state.items()}
