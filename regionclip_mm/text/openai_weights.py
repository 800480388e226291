"""OpenAI's names of the text tower's weights, mapped to ours."""
import re
from typing import Dict, Mapping, Tuple

import torch
from torch import Tensor

from ..io.keys import compare_keys, name_problems, shape_of
from .text_archs import TEXT_ARCHS, TextArch, get_text_arch

Shape = Tuple[int, ...]
MAX_NAMED = 12
OURS = 'model.text_model.'
BLOCK = 'transformer.resblocks.{}.'
TOP_KEYS = {
    'token_embedding.weight': 'embeddings.token_embedding.weight',
    'positional_embedding': 'embeddings.position_embedding.weight',
    'ln_final.weight': 'final_layer_norm.weight',
    'ln_final.bias': 'final_layer_norm.bias',
}
BLOCK_MODULES = {
    'ln_1': 'layer_norm1',
    'ln_2': 'layer_norm2',
    'mlp.c_fc': 'mlp.fc1',
    'mlp.c_proj': 'mlp.fc2',
    'attn.out_proj': 'self_attn.out_proj',
}
# The text tower's keys; in files of the reference under `lang_encoder.`.
TEXT_KEY = re.compile(
    r'(?:lang_encoder\.)?(positional_embedding|text_projection'
    r'|(?:token_embedding|ln_final|transformer)\..*(?<!attn_mask))')


def openai_text_part(tensors: Mapping[str, Tensor]) -> Dict[str, Tensor]:
    """The text tower in a whole CLIP of OpenAI or the reference.

    Returns:
        Tensors as :func:`openai_text_state_dict` takes them.
    """
    found = {TEXT_KEY.fullmatch(key): value for key, value in tensors.items()}
    return {match.group(1): value for match, value in found.items() if match}


def openai_text_shapes(arch: TextArch) -> Dict[str, Shape]:
    """Every OpenAI key of a text tower, with its shape."""
    width = arch.width
    vectors = {'ln_1': width, 'ln_2': width, 'mlp.c_fc': 4 * width,
               'mlp.c_proj': width, 'attn.out_proj': width}
    matrices = {'mlp.c_fc': (4 * width, width),
                'mlp.c_proj': (width, 4 * width),
                'attn.out_proj': (width, width)}
    shapes = {
        'token_embedding.weight': (arch.vocab_size, width),
        'positional_embedding': (arch.context_length, width),
        'ln_final.weight': (width, ), 'ln_final.bias': (width, ),
        'text_projection': (width, arch.embed_dim),
    }
    for index in range(arch.layers):
        block = BLOCK.format(index)
        shapes[f'{block}attn.in_proj_weight'] = (3 * width, width)
        shapes[f'{block}attn.in_proj_bias'] = (3 * width, )
        for module, size in vectors.items():
            shapes[f'{block}{module}.bias'] = (size, )
            shapes[f'{block}{module}.weight'] = matrices.get(module, (size, ))
    return shapes


def openai_text_state_dict(state: Mapping[str, Tensor], prefix: str = '',
                           arch: str = '') -> Dict[str, Tensor]:
    """Rename the weights of an OpenAI text tower, leaving none out.

    Args:
        state: Weights whose keys under ``prefix`` are exactly those of the
            text tower, for example ``{prefix}token_embedding.weight``.
        prefix: What precedes the keys; keys that lack it are not looked at.
            Released RegionCLIP files have ``'lang_encoder.'``.
        arch: A key of ``TEXT_ARCHS``; by default the one that fits.

    Returns:
        Weights for a :class:`CLIPTextEncoder`; same types, own memory where
        OpenAI's layout differs.

    Raises:
        ValueError: If keys are missing, surplus or misshapen; it names them.
    """
    state = {key[len(prefix):]: value for key, value in state.items()
             if key.startswith(prefix)}
    sizes = get_text_arch(arch) if arch else _arch_of(state, prefix)
    _check(state, openai_text_shapes(sizes), prefix)
    ours = {OURS + new: state[old] for old, new in TOP_KEYS.items()}
    ours['model.text_projection.weight'] = state[
        'text_projection'].t().contiguous()
    for index in range(sizes.layers):
        ours.update(_block(state, index))
    return ours


def _block(state: Mapping[str, Tensor], index: int) -> Dict[str, Tensor]:
    old, new = BLOCK.format(index), f'{OURS}encoder.layers.{index}.'
    block = {}
    for kind in ('weight', 'bias'):
        for theirs, mine in BLOCK_MODULES.items():
            block[f'{new}{mine}.{kind}'] = state[f'{old}{theirs}.{kind}']
        parts = state[f'{old}attn.in_proj_{kind}'].chunk(3)
        for name, part in zip('qkv', parts):
            block[f'{new}self_attn.{name}_proj.{kind}'] = part.clone()
    return block


def _arch_of(state: Mapping[str, Tensor], prefix: str) -> TextArch:
    """The arch whose text projection has the shape of the given one."""
    projection = state.get('text_projection', torch.empty(0))
    for arch in TEXT_ARCHS.values():
        if tuple(projection.shape) == (arch.width, arch.embed_dim):
            return arch
    known = {name: (arch.width, arch.embed_dim)
             for name, arch in TEXT_ARCHS.items()}
    found = (f'has the shape {tuple(projection.shape)}'
             if 'text_projection' in state else 'is missing')
    raise ValueError(f'Not a text tower of CLIP: {prefix}text_projection '
                     f'{found}; known shapes: {known}.')


def _check(state: Mapping[str, Tensor], shapes: Mapping[str, Shape],
           prefix: str) -> None:
    missing, surplus, misshapen = compare_keys(state, shapes)
    problems = name_problems(dict(
        missing=[prefix + key for key in missing],
        surplus=[prefix + key for key in surplus],
        misshapen=[f'{prefix}{key} is {shape_of(state[key])}, not '
                   f'{shapes[key]}' for key in misshapen]), MAX_NAMED)
    if problems:
        raise ValueError('The weights are not those of a CLIP text tower:\n  '
                         + '\n  '.join(problems))
