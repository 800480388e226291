"""Weights of the text encoder, out of checkpoints."""
from typing import Dict

from mmengine.runner import CheckpointLoader
from torch import Tensor, nn

from .files import load_plain_file

PREFIX = 'text_encoder.'


def load_text_encoder_weights(encoder: nn.Module, checkpoint: str) -> None:
    """Load the ``text_encoder.*`` part of a checkpoint, strictly.

    Args:
        encoder: The text encoder to fill.
        checkpoint: A path, or ``clip://`` and the name of an OpenAI model.
    """
    if str(checkpoint).startswith('clip://'):
        loaded = CheckpointLoader.load_checkpoint(checkpoint, 'cpu')
    else:
        loaded = load_plain_file(checkpoint)
    state: Dict[str, Tensor] = loaded.get('state_dict', loaded)
    state = {key[len(PREFIX):]: value for key, value in state.items()
             if key.startswith(PREFIX)}
    if not state:
        raise ValueError(
            f'{checkpoint} has no {PREFIX}* keys, so it has no text encoder. '
            'Convert the CLIP weights with '
            'tools/model_converters/openai_clip.py, or use clip://RN50.')
    try:
        encoder.load_state_dict(state)
    except RuntimeError as error:
        raise ValueError(f'{checkpoint} does not fit text_encoder.arch='
                         f'{encoder.arch!r}: {error}') from None
