"""Weights for inference: read as data, and refused unless they fit."""
import hashlib
import os
from typing import Any, List, Optional
from urllib.parse import urlparse

from mmengine.runner import CheckpointLoader
from torch import Tensor, nn

from ..checkpoint import CheckpointError
from ..io.cache_folder import cache_folder
from ..io.download import fetch
from ..io.safe_load import load_object

PLAIN = 'plain://'
TEXT = 'text_encoder.'
SHOWN = 5


def plain_uri(weights: Optional[str]) -> Optional[str]:
    """The address under which MMEngine reads a file without running code.

    Args:
        weights: A path, an address of the web (downloaded once), or any
            other address that MMEngine knows, returned as it is.
    """
    if weights is None:
        return None
    weights = os.path.expanduser(os.fspath(weights))
    if weights.startswith(('http://', 'https://')):
        weights = _download(weights)
    return weights if '://' in weights else PLAIN + weights


def _download(url: str) -> str:
    """Path of a downloaded file; other addresses have other paths."""
    address = hashlib.sha256(url.encode()).hexdigest()[:16]
    try:
        name = os.path.basename(urlparse(url).path)
    except ValueError as error:
        raise CheckpointError(f'{url} could not be downloaded ({error}). '
                              'Check the address.') from None
    return str(fetch(url, cache_folder() / 'weights' / f'{address}-{name}'))


@CheckpointLoader.register_scheme(prefixes=PLAIN)
def load_from_plain_file(filename: str, map_location: Any = None) -> dict:
    """Load ``plain://PATH`` onto the CPU."""
    checkpoint = load_object(filename[len(PLAIN):])
    if not isinstance(checkpoint, dict):
        raise CheckpointError(
            f'{filename[len(PLAIN):]} holds no weights by name but '
            f'{type(checkpoint).__name__}')
    return checkpoint


def check_fit(model: nn.Module, checkpoint: dict) -> None:
    """Raise unless a checkpoint has all weights of a model and no others.

    Exempt: counters of batch norms, and the text encoder as a whole, which
    may be only in the checkpoint or only in the model (it then says so when
    it is used).

    Args:
        model: The detector of the config.
        checkpoint: What was loaded; a state dict or a dict that has one.

    Raises:
        CheckpointError: Naming missing, surplus and misshapen keys.
    """
    state = checkpoint.get('state_dict', checkpoint)
    if not isinstance(state, dict):
        raise CheckpointError('state_dict of the checkpoint is '
                              f'{type(state).__name__}, not a dict of '
                              'weights')
    state = {str(k).removeprefix('module.'): v for k, v in state.items()}
    wanted = model.state_dict()
    missing = [k for k in wanted if k not in state
               and not k.endswith('num_batches_tracked')]
    surplus = [k for k in state if k not in wanted]
    misshapen = [f'{k} is {_shape(state[k])}, not {_shape(v)}'
                 for k, v in wanted.items()
                 if k in state and _shape(state[k]) != _shape(v)]
    if not any(k.startswith(TEXT) for k in state):
        missing = [k for k in missing if not k.startswith(TEXT)]
    if not any(k.startswith(TEXT) for k in wanted):
        surplus = [k for k in surplus if not k.startswith(TEXT)]
    broken = [k for k, v in state.items() if k in wanted and not _finite(v)]
    problems = [_list(*item) for item in (
        ('missing', missing), ('surplus', surplus), ('misshapen', misshapen),
        ('not finite numbers', broken)) if item[1]]
    if problems:
        raise CheckpointError(
            'the weights do not fit the model of the config, so they were '
            f'not loaded: {"; ".join(problems)}. Give the checkpoint that '
            'belongs to the config; files of the original RegionCLIP and of '
            "OpenAI's CLIP must be converted first, see "
            'tools/model_converters')


def _shape(value: Any) -> tuple:
    return tuple(getattr(value, 'shape', ()))


def _finite(value: Any) -> bool:
    return isinstance(value, Tensor) and bool(value.isfinite().all())


def plain_meta(checkpoint: dict) -> dict:
    """``meta`` of a checkpoint as mmdet's inferencer reads it.

    Args:
        checkpoint: What was loaded; its ``meta`` may be of any type.
    """
    meta = checkpoint.get('meta')
    meta = {str(k): v for k, v in meta.items()} if isinstance(
        meta, dict) else {}
    known = meta.get('dataset_meta')
    if not isinstance(known, dict) or not all(
            isinstance(key, str) for key in known):
        meta['dataset_meta'] = dict(classes=())
    return meta


def _list(title: str, keys: List[str]) -> str:
    more = f' and {len(keys) - SHOWN} more' if len(keys) > SHOWN else ''
    return f'{len(keys)} {title} ({", ".join(keys[:SHOWN])}{more})'
