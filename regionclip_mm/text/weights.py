"""Weights of the text encoder, out of checkpoints."""
from textwrap import shorten
from typing import Dict

from torch import Tensor, nn

from ..io.openai_files import SCHEME, download
from ..io.safe_load import load_weights
from .openai_weights import openai_text_part, openai_text_state_dict

PREFIX = 'text_encoder.'


def load_text_encoder_weights(encoder: nn.Module, checkpoint: str) -> None:
    """Load the ``text_encoder.*`` part of a checkpoint, strictly.

    Args:
        encoder: The text encoder to fill.
        checkpoint: A path, or ``clip://`` and the name of an OpenAI model.
    """
    state = {key[len(PREFIX):]: value
             for key, value in read_tensors(str(checkpoint)).items()
             if key.startswith(PREFIX)}
    if not state:
        raise ValueError(
            f'{checkpoint} has no {PREFIX}* keys, so it has no text encoder. '
            'Convert the CLIP weights with '
            'tools/model_converters/openai_clip.py, or use clip://RN50.')
    try:
        encoder.load_state_dict(state)
    except RuntimeError as error:
        problems = str(error).splitlines()[1:]
        more = f' ... ({len(problems)} in all)' if problems[3:] else ''
        raise ValueError(
            f'{checkpoint} does not fit text_encoder.arch={encoder.arch!r}: '
            + ' '.join(shorten(line, 200) for line in problems[:3])
            + more) from None


def read_tensors(checkpoint: str) -> Dict[str, Tensor]:
    """The tensors of a checkpoint by name; no code in it is run.

    Args:
        checkpoint: A path, or ``clip://NAME``, of which only the text tower
            is read.
    """
    if not checkpoint.startswith(SCHEME):
        return load_weights(checkpoint).tensors
    whole = load_weights(download(checkpoint[len(SCHEME):])).tensors
    tower = openai_text_state_dict(openai_text_part(whole))
    return {PREFIX + key: value for key, value in tower.items()}
