"""Tensors of a TorchScript archive, read without running its code."""
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any, Dict, Optional

import torch
from torch import Tensor

from .errors import CheckpointError
from .restricted_pickle import Refused, RestrictedUnpickler

# The only types that an archive of weights can name besides its own modules.
STORAGES = {
    'DoubleStorage': torch.float64,
    'FloatStorage': torch.float32,
    'HalfStorage': torch.float16,
    'BFloat16Storage': torch.bfloat16,
    'LongStorage': torch.int64,
    'IntStorage': torch.int32,
    'ShortStorage': torch.int16,
    'CharStorage': torch.int8,
    'ByteStorage': torch.uint8,
    'BoolStorage': torch.bool,
}


class _Module(dict):
    """Stands for an object of the archive; only keeps its attributes."""

    def __setstate__(self, state: dict) -> None:
        self.update(state)


def _tensor(storage: Tensor, offset: int, size: tuple, stride: tuple,
            *unused: Any) -> Tensor:
    """The tensor that lies in a storage (1-D) at an offset."""
    return torch.as_strided(storage, size, stride, offset)


def _untagged(value: Any, type_name: str) -> Any:
    """A list or dictionary without the name of its type."""
    return value


class _Reader(RestrictedUnpickler):
    """Unpickles tensors and inert objects; anything else is refused."""

    fillable = (_Module, )

    def __init__(self, archive: zipfile.ZipFile, root: str) -> None:
        super().__init__(archive.open(f'{root}/data.pkl'))
        self.archive, self.root = archive, root
        self.storages: Dict[str, Tensor] = {}

    def known(self, module: str, name: str) -> Any:
        """What stands for a name of the archive.

        Raises:
            KeyError: If it is not needed to store weights.
        """
        if module.startswith('__torch__'):
            return _Module
        if module == 'torch' and name in STORAGES:
            return STORAGES[name]
        if (module, name) == ('torch._utils', '_rebuild_tensor_v2'):
            return _tensor
        if (module, name) == ('collections', 'OrderedDict'):
            return OrderedDict
        if (module, name) == ('torch', 'device'):
            return str  # where the tensors once were
        if module == 'torch.jit._pickle' and name.startswith('build_'):
            return list  # typed lists: build_intlist, build_tensorlist, ...
        if (module, name) == ('torch.jit._pickle', 'restore_type_tag'):
            return _untagged
        raise KeyError(name)

    def persistent_load(self, pid: tuple) -> Tensor:
        _, dtype, key, _, numel = pid
        if key not in self.storages:
            raw = bytearray(self.archive.read(f'{self.root}/data/{key}'))
            self.storages[key] = (
                torch.frombuffer(raw, dtype=dtype, count=numel)
                if numel else torch.empty(0, dtype=dtype))
        return self.storages[key]


def archive_root(path: Path) -> Optional[str]:
    """Folder inside a TorchScript archive; None if ``path`` is no such file.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except Exception:  # what is damaged is left to torch.load, to refuse
        return None
    roots = {n.split('/')[0] for n in names if n.endswith('/constants.pkl')}
    return roots.pop() if len(roots) == 1 else None


def read_torchscript(path: Path, root: str) -> Dict[str, Tensor]:
    """All tensors of a TorchScript archive by their dotted names.

    The file is read as data: its pickle may only name tensors and its own
    modules, which become plain dictionaries; the code in it is not looked at.

    Args:
        path: A file written by ``torch.jit.save``, such as OpenAI's RN50.pt.
        root: From :func:`archive_root`.

    Raises:
        CheckpointError: If the file is damaged or holds anything else.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _flatten(_Reader(archive, root).load(), '')
    except CheckpointError as error:
        raise CheckpointError(f'{path} was not opened: {error}.') from None
    except Refused as error:
        raise CheckpointError(f'{path} was not opened: {error}, which is not '
                              'needed to store weights.') from None
    except Exception as error:  # a damaged pickle can raise anything
        raise CheckpointError(
            f'{path} is a damaged TorchScript archive, download it again '
            f'({type(error).__name__}: {error}).') from None


def _flatten(module: Any, prefix: str) -> Dict[str, Tensor]:
    """Tensors in nested modules by dotted name."""
    if not isinstance(module, _Module):
        raise CheckpointError(f'it holds a {type(module).__name__}, not a '
                              'module with weights')
    flat: Dict[str, Tensor] = {}
    for name, value in module.items():
        if isinstance(value, Tensor):
            flat[f'{prefix}{name}'] = value
        elif isinstance(value, _Module):
            flat.update(_flatten(value, f'{prefix}{name}.'))
    return flat
