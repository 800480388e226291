"""Pickles of NumPy arrays, read without running code."""
import io
import pickle
from typing import Any, Dict, Tuple

import numpy as np

from .plain_types import NUMPY_MODULES

BUILTINS = ('builtins', '__builtin__')  # of Python 3 and 2


class Fields(dict):
    """Stands for an mmengine ``InstanceData``; only keeps its fields."""

    def __setstate__(self, state: dict) -> None:
        self.update({key: value for key, value in state.items()
                     if not key.startswith('_')})


def _known() -> Dict[Tuple[str, str], Any]:
    """What a pickle of arrays may name: numbers in boxes, no behaviour."""
    array, scalar = (x.__reduce__()[0] for x in (np.zeros(1), np.float64()))
    known = {('numpy', 'ndarray'): np.ndarray, ('numpy', 'dtype'): np.dtype,
             ('mmengine.structures.instance_data', 'InstanceData'): Fields,
             ('_codecs', 'encode'): latin1,
             **{(module, 'set'): set for module in BUILTINS},
             **{(module, 'bytes'): no_bytes for module in BUILTINS}}
    for module in NUMPY_MODULES:
        known.update({(module, func.__name__): func
                      for func in (array, scalar)})
        buffer = np.zeros(1).__reduce_ex__(5)[0]
        known[module.replace('multiarray', 'numeric'),
              buffer.__name__] = buffer
    return known


def no_bytes() -> bytes:
    """How protocol 2 writes b''."""
    return b''


def latin1(text: str, encoding: str) -> bytes:
    """How protocol 2 writes other bytes."""
    if not isinstance(text, str) or encoding != 'latin1':
        raise pickle.UnpicklingError(f'it encodes text as {encoding}')
    return text.encode('latin1')


class _Reader(pickle.Unpickler):
    """Unpickles arrays and plain containers; anything else is refused."""

    known = _known()

    def find_class(self, module: str, name: str) -> Any:
        try:
            return self.known[module, name]
        except KeyError:
            raise pickle.UnpicklingError(
                f'it asks for {module}.{name}, which is not needed to store '
                'arrays') from None


def load_arrays(content: bytes, source: str) -> Any:
    """What a pickle of arrays in plain containers holds.

    Args:
        content: The file.
        source: Its name, for messages.

    Returns:
        Its content; for an ``InstanceData`` a dictionary of its fields.

    Raises:
        ValueError: If it holds anything else, or is damaged.
    """
    try:
        return _Reader(io.BytesIO(content)).load()
    except pickle.UnpicklingError as error:
        raise ValueError(f'{source} was not opened: {error}') from None
    except Exception as error:  # a damaged pickle can raise anything
        raise ValueError(
            f'{source} is damaged or no pickle of arrays '
            f'({type(error).__name__}: {error})') from None
