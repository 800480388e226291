"""Pickles of NumPy arrays, read without running code."""
import io
from typing import Any, Dict

import numpy as np

from .plain_types import NUMPY_MODULES
from .restricted_pickle import Refused, RestrictedUnpickler

BUILTINS = ('builtins', '__builtin__')  # of Python 3 and 2
INSTANCES = 'mmengine.structures.instance_data.InstanceData'


class Fields(dict):
    """Stands for an mmengine ``InstanceData``; only keeps its fields."""

    def __setstate__(self, state: dict) -> None:
        self.update({key: value for key, value in state.items()
                     if not key.startswith('_')})


def known_arrays() -> Dict[str, Any]:
    """What a pickle of arrays may name: numbers in boxes, no behaviour."""
    array, scalar = (x.__reduce__()[0] for x in (np.zeros(1), np.float64()))
    known = {'numpy.ndarray': np.ndarray, 'numpy.dtype': np.dtype,
             '_codecs.encode': latin1,
             **{f'{module}.set': set for module in BUILTINS},
             **{f'{module}.bytes': no_bytes for module in BUILTINS}}
    buffer = np.zeros(1).__reduce_ex__(5)[0]
    for module in NUMPY_MODULES:
        known.update({f'{module}.{func.__name__}': func
                      for func in (array, scalar)})
        numeric = module.replace('multiarray', 'numeric')
        known[f'{numeric}.{buffer.__name__}'] = buffer
    return known


def no_bytes() -> bytes:
    """How protocol 2 writes b''; always that."""
    return b''


def latin1(text: str, encoding: str) -> bytes:
    """How protocol 2 writes other bytes.

    Raises:
        Refused: Of another encoding.
    """
    if not isinstance(text, str) or encoding != 'latin1':
        raise Refused(f'it encodes text as {encoding}')
    return text.encode('latin1')


class _Reader(RestrictedUnpickler):
    """Unpickles arrays and plain containers; anything else is refused."""

    fillable = (np.ndarray, np.dtype, Fields)
    names = dict(known_arrays(), **{INSTANCES: Fields})

    def known(self, module: str, name: str) -> Any:
        """One of ``names``.

        Raises:
            KeyError: If it is none.
        """
        return self.names[f'{module}.{name}']


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
    except Refused as error:
        raise ValueError(f'{source} was not opened: {error}, which is not '
                         'needed to store arrays') from None
    except Exception as error:  # a damaged pickle can raise anything
        raise ValueError(
            f'{source} is damaged or no pickle of arrays '
            f'({type(error).__name__}: {error})') from None
