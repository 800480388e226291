"""Weights of the text encoder in files of others and our own."""
import pickle
from pathlib import Path
from typing import Any, Dict

import torch
from mmengine.runner import CheckpointLoader
from torch import Tensor, nn

PREFIX = 'text_encoder.'


def load_plain_file(path: str) -> Any:
    """What ``torch.save`` wrote at ``path``, without running any code in it."""
    if not Path(path).is_file():
        raise FileNotFoundError(f'There is no file {path}.')
    try:
        return torch.load(path, map_location='cpu', weights_only=True)
    except pickle.UnpicklingError as error:
        raise ValueError(
            f'{path} was not opened: it is not a plain file of tensors, or '
            'it asks to run code. Get it from where it was first published, '
            f'or convert it with tools/model_converters. ({error})'
        ) from None
    except (RuntimeError, EOFError, OSError) as error:
        raise ValueError(f'{path} is truncated or not a PyTorch file. '
                         f'Download or write it again. ({error})') from None


def load_text_encoder_weights(encoder: nn.Module, checkpoint: str) -> None:
    """Load the ``text_encoder.*`` part of a checkpoint, strictly.

    Args:
        encoder: The text encoder to fill.
        checkpoint: A path, or what MMEngine's ``CheckpointLoader`` takes.
    """
    if '://' in str(checkpoint):
        loaded = CheckpointLoader.load_checkpoint(checkpoint, 'cpu')
    else:
        loaded = load_plain_file(checkpoint)
    state: Dict[str, Tensor] = loaded.get('state_dict', loaded)
    state = {key[len(PREFIX):]: value for key, value in state.items()
             if key.startswith(PREFIX)}
    if not state:
        raise KeyError(
            f'{checkpoint} has no {PREFIX}* keys, so it has no text encoder. '
            'Convert the CLIP weights with '
            'tools/model_converters/openai_clip.py, or use clip://RN50.')
    try:
        encoder.load_state_dict(state)
    except RuntimeError as error:
        raise ValueError(f'{checkpoint} does not fit text_encoder.arch='
                         f'{encoder.arch!r}: {error}') from None
