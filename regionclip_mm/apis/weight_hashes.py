"""SHA-256 of weights, by which results of other weights are told apart."""
import hashlib
from typing import MutableMapping, Tuple
from weakref import WeakKeyDictionary

from torch import nn

from ..text.checks import bytes_of

# State of the weights of an encoder, and their hash.
_HASHES: MutableMapping[nn.Module, Tuple[tuple, str]] = WeakKeyDictionary()


def hash_of_weights(module: nn.Module) -> str:
    """SHA-256 of all weights."""
    digest = hashlib.sha256()
    for name, value in sorted(module.state_dict().items()):
        digest.update(f'{name} {value.dtype}'.encode())
        digest.update(bytes_of(value))
    return digest.hexdigest()


def encoder_hash(model: nn.Module) -> str:
    """SHA-256 of the weights that embed regions; computed once, unless they
    change."""
    encoder = nn.ModuleDict({
        name: part for name in ('backbone', 'neck', 'roi_head')
        if (part := getattr(model, name, None)) is not None})
    state = tuple((value.data_ptr(), value._version)
                  for value in encoder.state_dict().values())
    if _HASHES.get(model, ('', ''))[0] != state:
        _HASHES[model] = state, hash_of_weights(encoder)
    return _HASHES[model][1]
