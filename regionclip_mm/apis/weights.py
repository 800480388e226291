"""Weights for inference: read as data, and refused unless they fit."""
import os
from typing import Any, Optional

from mmengine.runner import CheckpointLoader
from torch import Tensor, nn

from ..checkpoint import CheckpointError
from ..io.checkpoint_loader import download_weights
from ..io.keys import (FLOATS, compare_keys, is_ordinary, name_problems,
                       shape_of)
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
        weights = download_weights(weights)
    return weights if '://' in weights else PLAIN + weights


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
        CheckpointError: Naming keys that are missing, surplus, misshapen or
            that hold something other than finite numbers.
    """
    state = checkpoint.get('state_dict', checkpoint)
    if not isinstance(state, dict):
        raise CheckpointError('state_dict of the checkpoint is '
                              f'{type(state).__name__}, not a dict of '
                              'weights')
    state = {str(k).removeprefix('module.'): v for k, v in state.items()}
    wanted = model.state_dict()
    missing, surplus, misshapen = compare_keys(
        state, {k: v.shape for k, v in wanted.items()})
    missing = [k for k in missing if not k.endswith('num_batches_tracked')]
    if not any(k.startswith(TEXT) for k in state):
        missing = [k for k in missing if not k.startswith(TEXT)]
    if not any(k.startswith(TEXT) for k in wanted):
        surplus = [k for k in surplus if not k.startswith(TEXT)]
    kinds = {k: _wrong_kind(state[k], v) for k, v in wanted.items()
             if k in state}
    problems = name_problems({
        'missing': missing, 'surplus': surplus,
        'misshapen': [f'{k} is {shape_of(state[k])}, not '
                      f'{tuple(wanted[k].shape)}' for k in misshapen],
        'of another kind': [f'{k} is {kind}' for k, kind in kinds.items()
                            if kind],
        'not finite numbers': [k for k, kind in kinds.items()
                               if not kind and not state[k].isfinite().all()]
    }, SHOWN)
    if problems:
        raise CheckpointError(
            'the weights do not fit the model of the config, so they were '
            f'not loaded: {"; ".join(problems)}. Give the checkpoint that '
            'belongs to the config; files of the original RegionCLIP and of '
            "OpenAI's CLIP must be converted first, see "
            'tools/model_converters')


def _wrong_kind(value: Any, wanted: Tensor) -> str:
    """What is wrong with the type of a weight, in words, or ''."""
    if not isinstance(value, Tensor):
        return f'of type {type(value).__name__}'
    if not is_ordinary(value):
        return f'sparse, quantized or without values ({value.layout}, ' + (
            f'{value.dtype}, {value.device})')
    if wanted.is_floating_point() and value.dtype not in FLOATS or (
            value.is_complex()):
        return f'{value.dtype}, not {wanted.dtype}'
    return ''


def plain_meta(checkpoint: dict) -> dict:
    """``meta`` of a checkpoint as mmdet's inferencer reads it.

    It has what mmdet would else warn of: classes, which no one needs where
    the vocabulary has the names, and a palette, which is random by default.

    Args:
        checkpoint: What was loaded; its ``meta`` may be of any type.
    """
    meta = checkpoint.get('meta')
    meta = {str(k): v for k, v in meta.items()} if isinstance(
        meta, dict) else {}
    known = meta.get('dataset_meta')
    if not isinstance(known, dict) or not all(
            isinstance(key, str) for key in known):
        known = dict(classes=())
    if 'palette' not in (key.lower() for key in known):
        known = dict(known, palette='random')
    meta['dataset_meta'] = known
    return meta
