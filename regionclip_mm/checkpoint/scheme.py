"""`clip://RN50`: OpenAI's weights by name, wherever a checkpoint is asked for.
"""
from pathlib import Path
from typing import Any

from mmengine.runner import CheckpointLoader

from ..io.openai_files import SCHEME, download, resolve
from ..io.safe_load import WeightFile, load_weights
from .openai_clip import convert_openai_clip


@CheckpointLoader.register_scheme(prefixes=SCHEME)
def load_clip(filename: str, map_location: Any = None) -> dict:
    """Load `clip://NAME` as a canonical CLIP checkpoint.

    Args:
        filename: For example 'clip://RN50'.
        map_location: Device of the tensors; None is the CPU.

    Returns:
        ``state_dict`` (backbone.*, attnpool.*, text_encoder.*, logit_scale)
        in float32 and ``meta``.
    """
    name = resolve(filename[len(SCHEME):])
    file = load_weights(download(name))
    state, _, arch = convert_openai_clip(file, name.lower())
    if map_location is not None:
        state = {key: value.to(map_location) for key, value in state.items()}
    return dict(state_dict=state, meta=dict(arch=arch, source=filename))


def open_weights(source: str) -> WeightFile:
    """The tensors of a file, or of what a checkpoint scheme names.

    Args:
        source: A path, or for example 'clip://RN50'.
    """
    if '://' not in str(source):
        return load_weights(source)
    loaded = CheckpointLoader.load_checkpoint(str(source), 'cpu', None)
    return WeightFile(Path(source), loaded['state_dict'],
                      meta=loaded.get('meta', {}))
