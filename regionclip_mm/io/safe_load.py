"""Files of weights, opened as data: no file gets to run code."""
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, Union

import numpy as np
import torch
from torch import Tensor

from .errors import CheckpointError
from .files import load_plain_file
from .keys import is_ordinary
from .torchscript import archive_root, read_torchscript

WRAPPERS = ('model', 'state_dict')
DDP = 'module.'
GET_AGAIN = 'Get it again from where it was first published.'


@dataclass
class WeightFile:
    """The tensors of a file.

    Args:
        path: The file.
        tensors: Tensors on the CPU by name.
        versions: Module name -> version of its state dict, where the file
            says so.
        meta: Plain values that came with the tensors.
    """

    path: Path
    tensors: Dict[str, Tensor]
    versions: Dict[str, int] = field(default_factory=dict)
    meta: dict = field(default_factory=dict)


def load_weights(path: Union[str, Path]) -> WeightFile:
    """Open a PyTorch, TorchScript or safetensors file and find its tensors.

    A dictionary with 'model' or 'state_dict' is unwrapped, and the 'module.'
    of a distributed model is taken off.

    Raises:
        CheckpointError: Saying what is wrong with the file.
    """
    path = Path(path)
    content = load_object(path)
    meta = {}
    if isinstance(content, dict):
        meta = content.get('meta')
        inner = [content[k] for k in WRAPPERS
                 if isinstance(content.get(k), dict)]
        content = inner[0] if inner else content
    if not isinstance(content, dict) or not content:
        raise CheckpointError(
            f'{path} holds no weights by name but '
            f'{type(content).__name__}. Class embeddings are converted by '
            'tools/model_converters/embeddings.py.')
    strip = all(str(key).startswith(DDP) for key in content)
    start = len(DDP) if strip else 0
    modules = getattr(content, '_metadata', None)
    versions = {
        str(name)[start:]: info['version']
        for name, info in (modules.items() if isinstance(modules, dict)
                           else ())
        if isinstance(info, dict) and isinstance(info.get('version'), int)
    }
    tensors = {
        str(key)[start:]: _as_tensor(path, key, value)
        for key, value in content.items()
    }
    return WeightFile(path, tensors, versions,
                      meta if isinstance(meta, dict) else {})


def load_object(path: Union[str, Path]) -> Any:
    """What a file of weights holds, without running any code in it."""
    path = Path(path)
    if path.is_dir():
        raise CheckpointError(f'{path} is a folder, not a file of weights.')
    if not path.is_file():
        raise CheckpointError(f'There is no file {path}.')
    with open(path, 'rb') as file:
        head = file.read(64)
    if not head:
        raise CheckpointError(f'{path} is empty. {GET_AGAIN}')
    if path.suffix == '.safetensors' or head[8:10] == b'{"':
        return _load_safetensors(path)
    if head.lstrip()[:1] in (b'{', b'[', b'<'):
        raise CheckpointError(
            f'{path} is a text file ({head[:20]!r}...), not weights.')
    root = archive_root(path)
    return _load_torch(path) if root is None else read_torchscript(path, root)


def _load_safetensors(path: Path) -> Dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file
    try:
        return load_file(path)
    except SafetensorError as error:
        raise CheckpointError(f'{path} is truncated or not a safetensors '
                              f'file ({error}). {GET_AGAIN}') from None


def _load_torch(path: Path) -> Any:
    try:
        return load_plain_file(path)
    except Exception as error:  # a damaged file can raise anything
        raise CheckpointError(f'{error} {GET_AGAIN}') from None


def _as_tensor(path: Path, key: Any, value: Any) -> Tensor:
    try:
        if isinstance(value, np.ndarray):
            value = torch.from_numpy(value.copy())
    except TypeError as error:
        raise CheckpointError(f'{path}: {key!r} is no array of numbers that '
                              f'PyTorch knows ({error})') from None
    if not isinstance(value, Tensor):
        raise CheckpointError(
            f'{path}: {key!r} is of type {type(value).__name__}, not a tensor'
            '. Is this a file of weights?')
    if not is_ordinary(value):
        raise CheckpointError(
            f'{path}: {key!r} is a sparse, quantized or meta tensor '
            f'({value.layout}, {value.dtype}, {value.device}); ordinary, '
            'dense ones are needed')
    return value.detach()
