"""What ``torch.load(pickle_module=...)`` needs to read nothing but plain data.

For torch before 2.6: its ``weights_only`` knows tensors and containers, and
cannot be told of the types that MMEngine and NumPy add.
"""
import os
import tarfile
from collections import Counter, OrderedDict
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
    # This one calls and changes what a file wants, of subclasses of tensors.
    del known['torch._tensor._rebuild_from_type_v2']
    known.update({'torch.device': torch.device,
                  'collections.Counter': Counter})
    for one in plain_types():
        part, name = one if isinstance(one, tuple) else (
            one, f'{one.__module__}.{one.__name__}')
        known[name] = part
    known['__builtin__.getattr'] = known['builtins.getattr']
    return known


class Unpickler(RestrictedUnpickler):
    """Refuses every name that is not of a plain type."""

    fillable = (np.ndarray, np.dtype, PlainHistory, OrderedDict)

    def known(self, module: str, name: str) -> Any:
        """One of :func:`known_types`.

        Raises:
            KeyError: If it is none.
        """
        return known_types()[f'{module}.{name}']

    def load(self) -> Any:
        """What the file holds."""
        given, self.persistent_load = self.persistent_load, self._storage
        self._given_load = given
        return super().load()

    def _storage(self, key: Any) -> Any:
        """Older files can name source code, too, which torch compares."""
        if not isinstance(key, tuple) or key[:1] not in (
                ('storage', ), (b'storage', )):
            raise Refused('it names something other than a storage')
        return self._given_load(key)

    def fill(self, thing: Any, state: Any) -> None:
        """See the base; of an ``OrderedDict`` only what torch gives one.

        Raises:
            Refused: If it is given anything else.
        """
        if isinstance(thing, OrderedDict) and not (
                isinstance(state, dict) and set(state) <= {'_metadata'}):
            raise Refused('it fills an OrderedDict')
        super().fill(thing, state)


def refuse_other_formats(path: Union[str, os.PathLike]) -> None:
    """Raise if ``torch.load`` would read a file in another way.

    Raises:
        Refused: Saying what it is: a TorchScript archive, for
            ``torch.jit.load``, or a tar file, as torch 0.1 wrote.
    """
    if tarfile.is_tarfile(path):
        raise Refused('it is a tar file')
    try:
        reader = torch._C.PyTorchFileReader(os.fspath(path))
    except RuntimeError:  # no archive
        return
    if 'constants.pkl' in reader.get_all_records():
        raise Refused('a TorchScript archive asks for torch.jit.load')


def load(file: BinaryIO, **options: Any) -> Any:
    """The next pickle in a file."""
    return Unpickler(file, **options).load()
