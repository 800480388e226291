"""What ``torch.load(pickle_module=...)`` needs to read nothing but plain data.

For torch before 2.6: its ``weights_only`` knows tensors and containers, and
cannot be told of the types that MMEngine and NumPy add.
"""
import os
from collections import OrderedDict
from functools import lru_cache
from typing import Any, BinaryIO, Dict, Union

import numpy as np
import torch
from torch._weights_only_unpickler import _get_allowed_globals

from .arrays import known_arrays
from .plain_types import PlainHistory, plain_types
from .restricted_pickle import Refused, RestrictedUnpickler


@lru_cache(maxsize=None)
def known_types() -> Dict[str, Any]:
    """What a file may name: torch's own list, and the plain types."""
    known = {**known_arrays(), **_get_allowed_globals()}
    known.update({str(one): one for one in vars(torch).values()
                  if isinstance(one, torch.dtype)})
    known['torch.device'] = torch.device
    for one in plain_types():
        part, name = one if isinstance(one, tuple) else (
            one, f'{one.__module__}.{one.__name__}')
        known[name] = part
    known['__builtin__.getattr'] = known['builtins.getattr']
    return known


class Unpickler(RestrictedUnpickler):
    """Refuses every name that is not of a plain type."""

    fillable = (torch.Tensor, OrderedDict, np.ndarray, np.dtype, PlainHistory)

    def known(self, module: str, name: str) -> Any:
        """One of :func:`known_types`.

        Raises:
            KeyError: If it is none.
        """
        return known_types()[f'{module}.{name}']


def refuse_torchscript(path: Union[str, os.PathLike]) -> None:
    """Raise if ``torch.load`` would hand a file to ``torch.jit.load``.

    Raises:
        Refused: Saying what it is.
    """
    try:
        reader = torch._C.PyTorchFileReader(os.fspath(path))
    except RuntimeError:  # no archive
        return
    if 'constants.pkl' in reader.get_all_records():
        raise Refused('a TorchScript archive asks for torch.jit.load')


def load(file: BinaryIO, **options: Any) -> Any:
    """The next pickle in a file."""
    return Unpickler(file, **options).load()
