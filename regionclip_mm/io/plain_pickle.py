"""What ``torch.load(pickle_module=...)`` needs to read nothing but plain data.

For torch before 2.6: its ``weights_only`` knows tensors and containers, and
cannot be told of the types that MMEngine and NumPy add.
"""
import pickle
from functools import lru_cache
from typing import Any, BinaryIO, Dict

import torch
from torch._weights_only_unpickler import _get_allowed_globals

from .arrays import latin1, no_bytes
from .plain_types import plain_types


@lru_cache(maxsize=None)
def known_types() -> Dict[str, Any]:
    """What a file may name: torch's own list, and the plain types."""
    known = dict(_get_allowed_globals())
    known.update({str(one): one for one in vars(torch).values()
                  if isinstance(one, torch.dtype)})
    known.update({'torch.device': torch.device, '_codecs.encode': latin1,
                  'builtins.set': set, 'builtins.bytes': no_bytes})
    for one in plain_types():
        part, name = one if isinstance(one, tuple) else (
            one, f'{one.__module__}.{one.__name__}')
        known[name] = part
    known.update({name.replace('builtins.', '__builtin__.'): part
                  for name, part in known.items()})  # of Python 2's pickles
    return known


class Unpickler(pickle.Unpickler):
    """Refuses every name that is not of a plain type."""

    def find_class(self, module: str, name: str) -> Any:
        """What a file names.

        Raises:
            pickle.UnpicklingError: If that is not on the list.
        """
        try:
            return known_types()[f'{module}.{name}']
        except KeyError:
            raise pickle.UnpicklingError(
                f'Unsupported: GLOBAL {module}.{name}') from None


def load(file: BinaryIO, **options: Any) -> Any:
    """The next pickle in a file."""
    return Unpickler(file, **options).load()
