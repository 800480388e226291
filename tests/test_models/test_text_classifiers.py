"""Text classifiers of all forms against the formula, and their complaints."""
import copy

import pytest
import torch
from torch.nn.functional import cosine_similarity

from mmdet.registry import MODELS
from regionclip_mm.text import Vocabulary

torch.manual_seed(0)
BASE = Vocabulary(['cat', 'dog', 'bus'], torch.randn(3, 8))
ALL = Vocabulary(['cat', 'dog', 'bus', 'owl', 'bed'], torch.randn(5, 8))
FORMS = dict(ProjectedTextClassifier=1, SigmoidTextClassifier=0,
             ConvTextClassifier=0)  # columns of background


def build(form, **kwargs):
    torch.manual_seed(1)
    return MODELS.build(dict(dict(
        type=form, in_features=6, embed_dim=8, vocabulary=BASE,
        test_vocabulary=ALL, out_features=3 + FORMS[form]), **kwargs))


def features(form) -> torch.Tensor:
    torch.manual_seed(2)
    return torch.randn((2, 6, 3, 4) if 'Conv' in form else (7, 6))


def cosines(layer, x, vocabulary):
    """One by one."""
    if x.ndim == 4:
        x = x.permute(0, 2, 3, 1)
    weight = layer.projection.weight.reshape(8, 6)
    embedded = x @ weight.t() + layer.projection.bias
    found = torch.stack([cosine_similarity(embedded, one[None], -1)
                         for one in vocabulary.embeddings], -1)
    return found.permute(0, 3, 1, 2) if found.ndim == 4 else found


@pytest.mark.parametrize('training', [True, False])
@pytest.mark.parametrize('form', FORMS)
def test_formula(form, training):
    layer = build(form).train(training)
    x, vocabulary = features(form), BASE if training else ALL
    wanted = cosines(layer, x, vocabulary) / layer.temperature
    if FORMS[form]:
        wanted = torch.cat([wanted, torch.zeros(len(x), 1)], -1)
    else:
        torch.nn.init.constant_(layer.log_scale, 1.5)
        wanted = wanted * layer.log_scale.exp()
        wanted = wanted - torch.tensor(99.).log()  # the prior is 0.01
    got = layer(x)
    torch.testing.assert_close(got, wanted, rtol=1e-4, atol=1e-5)
    assert layer.out_features == got.shape[1]


@pytest.mark.parametrize('form', FORMS)
def test_nothing_of_the_vocabulary_is_in_the_checkpoint(form):
    layer = build(form)
    layer(features(form))
    learned = {'projection.weight', 'projection.bias'}
    if not FORMS[form]:
        learned |= {'log_scale', 'bias'}
    assert set(layer.state_dict()) == learned


@pytest.mark.parametrize('form', FORMS)
def test_no_regions(form):
    x = features(form)[:0]
    assert build(form)(x).shape[0] == 0


@pytest.mark.parametrize('form', FORMS)
def test_float32_under_autocast(form):
    layer = build(form)
    with torch.autocast('cpu', torch.bfloat16):
        assert layer(features(form)).dtype == torch.float32


@pytest.mark.parametrize('form', FORMS)
def test_gradients_reach_all_that_is_learned(form):
    layer = build(form)
    layer(features(form)).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0
               for p in layer.parameters())


@pytest.mark.parametrize('form', FORMS)
def test_other_words_and_back(form):
    layer = build(form).eval()
    x = features(form)
    before = layer(x)
    source = layer.test_source
    layer.set_test_vocabulary(Vocabulary(['pea'], torch.randn(1, 8)))
    assert layer(x).shape[1] == 1 + FORMS[form]
    layer.set_test_vocabulary(source)
    torch.testing.assert_close(layer(x), before)


@pytest.mark.parametrize('form', FORMS)
def test_a_copy_has_its_own_words(form):
    layer = build(form).eval()
    other = copy.deepcopy(layer)
    other.set_test_vocabulary(BASE)
    assert len(layer.test_vocabulary.names) == 5


@pytest.mark.parametrize('form', FORMS)
def test_wrong_number_of_classes(form):
    layer = build(form, out_features=9 + FORMS[form])
    with pytest.raises(ValueError, match='bbox_head.num_classes=9, but the '
                       'training vocabulary has 3 names'):
        layer(features(form))
    layer.eval()(features(form))  # any number of test classes


@pytest.mark.parametrize('form', FORMS)
def test_words_of_another_clip(form):
    other = Vocabulary(['cat', 'dog', 'bus'], torch.randn(3, 4))
    with pytest.raises(ValueError, match='4-dimensional embeddings, the '
                       'region encoder gives 8'):
        build(form, vocabulary=other)(features(form))
    with pytest.raises(ValueError, match='4-dimensional'):
        build(form).set_test_vocabulary(other)


@pytest.mark.parametrize('form', FORMS)
@pytest.mark.parametrize('value', [0, -1, float('nan'), 'warm', None])
def test_bad_temperature(form, value):
    with pytest.raises((ValueError, TypeError), match='temperature'):
        build(form, temperature=value)
