"""SHA-256 of weights, by which results of other weights are told apart."""
import hashlib

from torch import nn

from ..text.checks import bytes_of


def hash_of_weights(module: nn.Module) -> str:
    """SHA-256 of all weights."""
    digest = hashlib.sha256()
    for name, value in sorted(module.state_dict().items()):
        digest.update(f'{name} {value.dtype}'.encode())
        digest.update(bytes_of(value))
    return digest.hexdigest()


def encoder_hash(model: nn.Module) -> str:
    """SHA-256 of the weights that embed regions."""
    return hash_of_weights(nn.ModuleDict({
        name: part for name in ('backbone', 'neck', 'roi_head')
        if (part := getattr(model, name, None)) is not None}))
