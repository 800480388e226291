"""OpenAI's CLIP ResNets -> canonical CLIP checkpoint."""
from dataclasses import replace
from typing import Dict, Tuple

import torch
from torch import Tensor

from ..io.errors import CheckpointError
from ..io.safe_load import WeightFile
from ..text.openai_weights import (TEXT_KEY, openai_text_part,
                                   openai_text_state_dict)
from .accounting import Report, StateDict, convert
from .frozen_norms import upgrade_frozen_norms
from .layouts import clip_layout, guess_arch
from .rules import Rule

CONSTANTS = 'sizes and masks that TorchScript keeps with the weights'
RULES = [
    Rule(r'(input_resolution|context_length|vocab_size)', None, CONSTANTS),
    Rule(r'(lang_encoder\.)?(.*\.)?attn_mask', None, CONSTANTS),
    Rule(r'(?:visual|backbone)\.(attnpool\..*)', r'\1'),
    Rule(r'(?:visual|backbone)\.(.*)', r'backbone.\1'),
    Rule(r'(text_encoder\..*|logit_scale)', r'\1'),
    Rule(r'teacher_backbone\..*', None, 'copy of the image tower that '
         'only pretraining uses'),
    Rule(r'offline_.*', None, 'region proposal network'),
]
TEACHER = 'teacher_backbone.'
TEMPERATURE = 0.01  # of the reference, whose files have no logit_scale


def convert_openai_clip(file: WeightFile,
                        arch: str = '') -> Tuple[StateDict, Report, str]:
    """Rename the weights of a whole CLIP, leaving none out.

    Args:
        file: OpenAI's names: `visual.*` and the text tower at top level
            (TorchScript, safetensors), or `backbone.*` and `lang_encoder.*`
            (the reference's checkpoints of pretraining).
        arch: Preset that the file must be; by default what it looks like.

    Returns:
        State dict in float32, account of all keys, name of the preset.
    """
    source = str(file.path)
    found = find_clip_arch(file)
    if arch and found and found != arch:
        raise CheckpointError(
            f'{source} looks like {found}, you asked for {arch}.')
    arch = arch or found
    if not arch:
        raise CheckpointError(
            f'{source} is not a CLIP ResNet: it has no visual.conv3.weight '
            f'of a known size. It begins with {list(file.tensors)[:4]}.'
            f'{_timm_hint(file)}')
    state = with_text_encoder(file)
    if 'logit_scale' not in state and 'visual.conv3.weight' not in state:
        state['logit_scale'] = torch.tensor(1 / TEMPERATURE).log()
    state, report = convert(state, RULES, clip_layout(arch), source)
    report.settle(file.tensors)
    return to_float(state), report, arch


def take_teacher(file: WeightFile) -> WeightFile:
    """The teacher's image tower in place of the student's.

    Args:
        file: A checkpoint of the reference's pretraining, which has both.

    Raises:
        CheckpointError: If it has no teacher.
    """
    teacher = {key[len('teacher_'):]: value
               for key, value in file.tensors.items()
               if key.startswith(TEACHER)}
    if not teacher:
        raise CheckpointError(
            f'{file.path} has no teacher: only checkpoints of pretraining '
            f'with the original have {TEACHER}*. It begins with '
            f'{list(file.tensors)[:4]}.')
    others = {key: value for key, value in file.tensors.items()
              if not key.startswith((TEACHER, 'backbone.'))}
    return replace(file, tensors={**others, **teacher})


def find_clip_arch(file: WeightFile) -> str:
    """Preset that the image tower of a file looks like, or ''."""
    shapes = {key: tuple(v.shape) for key, v in file.tensors.items()}
    return (guess_arch(shapes, 'visual.') or guess_arch(shapes, 'backbone.')
            or '')


def with_text_encoder(file: WeightFile) -> StateDict:
    """The tensors of a file, its text tower under our names."""
    tensors = upgrade_frozen_norms(file)
    text = openai_text_part(tensors)
    state = {key: value for key, value in tensors.items()
             if not TEXT_KEY.fullmatch(key)}
    if text:
        state.update(_convert_text(text, str(file.path)))
    return state


def is_text(key: str) -> bool:
    """Whether a key belongs to a text tower, theirs or ours."""
    return bool(TEXT_KEY.fullmatch(key)) or key.startswith('text_encoder.')


def _convert_text(text: Dict[str, Tensor], source: str) -> StateDict:
    try:
        renamed = openai_text_state_dict(text)
    except ValueError as error:
        raise CheckpointError(f'{source}: {error}') from None
    return {f'text_encoder.{key}': value for key, value in renamed.items()}


def to_float(state: StateDict) -> StateDict:
    """Floating-point tensors as float32 (OpenAI's files are float16)."""
    return {
        key: value.float() if value.is_floating_point() else value
        for key, value in state.items()
    }


def _timm_hint(file: WeightFile) -> str:
    if 'stem.conv1.conv.weight' not in file.tensors:
        return ''
    return (" These are timm's names, without a text tower: take "
            'open_clip_model.safetensors of the same repository.')
