"""CLIPTextEncoder: weights, freezing, batching, fingerprint."""
import copy

import pytest
import torch
from mmengine.runner import load_checkpoint
from mmengine.runner.checkpoint import load_state_dict

from mmdet.registry import MODELS
from regionclip_mm.text import TEXT_ARCHS, CLIPTextEncoder

TEXTS = ['a dog', '', 'word ' * 200, 'two cats and a very small blue bird',
         'Ünïcödé 日本語', 'a dog']


def test_builds_from_a_config():
    encoder = MODELS.build(dict(type='CLIPTextEncoder', arch='nano'))
    assert encoder.embed_dim == 128
    assert not any(p.requires_grad for p in encoder.parameters())
    assert list(encoder.state_dict())[0].startswith('model.text_model.')


@pytest.mark.parametrize('arch', sorted(TEXT_ARCHS))
def test_every_arch_has_the_sizes_of_its_name(arch):
    sizes = TEXT_ARCHS[arch]
    assert sizes.width % sizes.heads == 0
    assert sizes.width // sizes.heads == (32 if arch == 'nano' else 64)


def test_embeddings_do_not_depend_on_the_batch(nano):
    together = nano.encode(TEXTS)
    alone = torch.cat([nano.encode([text]) for text in TEXTS])
    small = nano.encode(TEXTS, batch_size=2)
    untrimmed = nano.model(nano.tokenizer(TEXTS)).text_embeds
    for other in (alone, small, untrimmed):
        torch.testing.assert_close(together, other, rtol=1e-5, atol=1e-6)
    assert together.shape == (6, 128) and not together.requires_grad
    torch.testing.assert_close(together[0], together[5])


def test_no_texts_give_no_embeddings(nano):
    assert nano.encode([]).shape == (0, 128)
    assert nano(nano.tokenizer([])).shape == (0, 128)


def test_all_parameters_learn_unless_frozen():
    encoder = CLIPTextEncoder('nano', frozen=False).train()
    assert not encoder.weights_loaded
    encoder(encoder.tokenizer(TEXTS)).square().sum().backward()
    assert all(p.grad is not None for p in encoder.parameters())
    assert encoder.weights_loaded
    assert encoder.encode(['dog']).shape == (1, 128)


def test_random_weights_are_not_used():
    encoder = CLIPTextEncoder('nano')
    with pytest.raises(RuntimeError, match='load a checkpoint that has all '
                       r'text_encoder\.\* keys .*--clip'):
        encoder.encode(['dog'])


@pytest.mark.parametrize('load', [
    lambda encoder, state: encoder.load_state_dict(state),
    lambda encoder, state: load_state_dict(encoder, state)])
def test_loading_makes_it_usable(nano, load):
    encoder = CLIPTextEncoder('nano')
    load(encoder, nano.state_dict())
    torch.testing.assert_close(encoder.encode(TEXTS), nano.encode(TEXTS))


def test_incomplete_weights_do_not_make_it_usable(nano):
    state = nano.state_dict()
    state.pop('model.text_projection.weight')
    encoder = CLIPTextEncoder('nano')
    load_state_dict(encoder, state)
    assert not encoder.weights_loaded


def test_inside_a_model_and_from_a_file(nano, nano_file):
    model = torch.nn.Module()
    model.text_encoder = CLIPTextEncoder('nano')
    load_checkpoint(model, nano_file)
    assert model.text_encoder.fingerprint() == nano.fingerprint()
    assert CLIPTextEncoder(
        'nano', checkpoint=nano_file).fingerprint() == nano.fingerprint()


def test_init_weights_keeps_loaded_weights(nano):
    encoder = copy.deepcopy(nano)
    encoder.init_weights()
    assert encoder.fingerprint() == nano.fingerprint()


def test_fingerprint_follows_the_weights(make_nano):
    encoder = make_nano()
    first = encoder.fingerprint()
    assert first == make_nano().fingerprint() == encoder.fingerprint()
    assert first != make_nano(seed=1).fingerprint()
    with torch.no_grad():
        encoder.model.text_projection.weight[0, 0] += 1
    assert encoder.fingerprint() != first
    encoder.load_state_dict(make_nano().state_dict())
    assert encoder.fingerprint() == first
    assert encoder.half().fingerprint() != first


def test_fingerprint_follows_training():
    encoder = CLIPTextEncoder('nano', frozen=False).train()
    before = encoder.fingerprint()
    encoder(encoder.tokenizer(['dog'])).sum().backward()
    for parameter in encoder.parameters():
        parameter.data.sub_(parameter.grad)  # unseen by version counters
    assert encoder.fingerprint() != before


def test_fingerprint_follows_the_tokenizer(nano):
    other = CLIPTextEncoder('nano', overflow='cut_eot')
    other.load_state_dict(nano.state_dict())
    assert other.fingerprint() != nano.fingerprint()


def test_half_precision(nano):
    half = copy.deepcopy(nano).bfloat16()
    exact, rough = nano.encode(TEXTS), half.encode(TEXTS)
    assert rough.dtype == torch.bfloat16
    assert (exact - rough.float()).norm() < 0.05 * exact.norm()


def test_unknown_arch():
    with pytest.raises(ValueError, match=r"arch must be one of .*'ViT-B/32'"):
        CLIPTextEncoder('ViT-B/32')


@pytest.mark.parametrize('load', [torch.nn.Module.load_state_dict,
                                  load_state_dict])
def test_a_file_without_a_text_tower_misses_one_thing(nano, load):
    model = torch.nn.ModuleDict(dict(
        text_encoder=CLIPTextEncoder('nano'), head=torch.nn.Linear(2, 2)))
    state = {k: v for k, v in model.state_dict().items() if 'head.w' in k}
    with pytest.raises(RuntimeError) as caught:
        load(model, state, strict=True)
    said = str(caught.value)
    assert 'head.bias' in said
    assert 'text_encoder.* (no text tower: use vocabulary files' in said
    assert 'k_proj' not in said
    some = next(k for k in model.state_dict() if k.startswith('text'))
    with pytest.raises(RuntimeError, match='k_proj'):
        load(model, dict(state, **{some: model.state_dict()[some]}),
             strict=True)
