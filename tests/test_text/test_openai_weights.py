"""OpenAI's text tower: every key is mapped, or named in the error."""
import pytest
import torch
from torch import nn

from regionclip_mm.text import (TEXT_ARCHS, CLIPTextEncoder,
                                openai_text_state_dict)
from regionclip_mm.text.openai_weights import openai_text_shapes

NANO = TEXT_ARCHS['nano']


@pytest.fixture
def state():
    torch.manual_seed(0)
    return {f'lang_encoder.{key}': torch.randn(shape) * 0.1
            for key, shape in openai_text_shapes(NANO).items()}


def test_all_keys_of_the_encoder_are_filled(state):
    state['visual.proj'] = torch.zeros(1)  # another part of the file
    CLIPTextEncoder('nano').load_state_dict(
        openai_text_state_dict(state, 'lang_encoder.'))


@pytest.mark.parametrize('arch', sorted(TEXT_ARCHS))
def test_the_arch_is_found(arch):
    shapes = openai_text_shapes(TEXT_ARCHS[arch])
    state = {key: torch.empty(shape, device='meta')
             for key, shape in shapes.items()}
    weight = openai_text_state_dict(state)['model.text_projection.weight']
    assert tuple(weight.shape) == shapes['text_projection'][::-1]


def test_a_block_is_computed_as_in_torch(state):
    """OpenAI's blocks are made of torch's own layers: compare with those."""
    width, block = NANO.width, 'lang_encoder.transformer.resblocks.0.'

    def loaded(module: nn.Module, name: str) -> nn.Module:
        start = f'{block}{name}' + ('.' if name else '')
        keys = module.state_dict()
        module.load_state_dict({key: state[start + key] for key in keys})
        return module

    attention = loaded(nn.MultiheadAttention(
        width, NANO.heads, batch_first=True), 'attn')
    norms = [loaded(nn.LayerNorm(width), f'ln_{i}') for i in (1, 2)]
    hidden = loaded(nn.Linear(width, 4 * width), 'mlp.c_fc')
    back = loaded(nn.Linear(4 * width, width), 'mlp.c_proj')
    x = torch.randn(2, 5, width)
    mask = torch.full((5, 5), float('-inf')).triu(1)
    query = norms[0](x)
    mid = x + attention(query, query, query, attn_mask=mask)[0]
    inner = hidden(norms[1](mid))
    expected = mid + back(inner * torch.sigmoid(1.702 * inner))

    encoder = CLIPTextEncoder('nano')
    encoder.load_state_dict(openai_text_state_dict(state, 'lang_encoder.'))
    layer = encoder.model.text_model.encoder.layers[0]
    found = layer(x, None, mask.expand(2, 1, 5, 5))[0]
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize('change, message', [
    (lambda s: s.pop('lang_encoder.ln_final.bias'),
     'missing: lang_encoder.ln_final.bias'),
    (lambda s: s.update({'lang_encoder.logit_scale': torch.ones(())}),
     'surplus: lang_encoder.logit_scale'),
    (lambda s: s.update({'lang_encoder.positional_embedding':
                         torch.ones(70, 128)}),
     r'misshapen: lang_encoder.positional_embedding is \(70, 128\), not '
     r'\(77, 128\)'),
    (lambda s: s.pop('lang_encoder.text_projection'),
     'lang_encoder.text_projection is missing; known shapes'),
    (lambda s: s.update({'lang_encoder.text_projection': torch.ones(3, 4)}),
     r'text_projection has the shape \(3, 4\); known shapes'),
    (lambda s: s.clear(), 'text_projection is missing'),
])
def test_every_wrong_key_is_named(state, change, message):
    change(state)
    with pytest.raises(ValueError, match=message):
        openai_text_state_dict(state, 'lang_encoder.')


def test_several_wrong_keys_are_all_named(state):
    for index in range(3):
        state.pop(f'lang_encoder.transformer.resblocks.{index}.ln_1.weight')
    with pytest.raises(ValueError) as error:
        openai_text_state_dict(state, 'lang_encoder.')
    assert '3 missing: ' in str(error.value)
    assert str(error.value).count('ln_1.weight') == 3


def test_another_arch_than_asked_for(state):
    with pytest.raises(ValueError, match='misshapen.*surplus|missing'):
        openai_text_state_dict(state, 'lang_encoder.', arch='rn50')
