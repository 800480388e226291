"""Classification losses of transfer against their formulas."""
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from mmengine.config import ConfigDict
from older_torch import HALVES

from mmdet.registry import MODELS
from regionclip_mm.models import (BackgroundWeightedCrossEntropy,
                                  FocalScaledCrossEntropy)

K = 5
FOCAL = dict(type='FocalScaledCrossEntropy', gamma=0.5, bg_weight=0.2)
WEIGHTED = dict(type='BackgroundWeightedCrossEntropy', bg_weight=0.8)


def regions(num, seed=0):
    generator = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(num, K + 1, generator=generator)
    labels = torch.randint(K + 1, (num, ), generator=generator)
    return logits.double().requires_grad_(), labels


def literal_focal(logits, labels, gamma, bg_weight):
    right = logits.softmax(-1)[torch.arange(len(labels)), labels]
    weight = torch.where(labels == K, bg_weight, 1.0)
    return -weight * (1 - right)**gamma * right.log()


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 20), st.integers(0, 10**6),
       st.sampled_from([0.0, 0.5, 2.0]), st.sampled_from([0.0, 0.2, 1.0]))
def test_focal_is_its_formula(num, seed, gamma, bg_weight):
    logits, labels = regions(num, seed)
    loss = FocalScaledCrossEntropy(gamma, bg_weight)
    rows = literal_focal(logits, labels, gamma, bg_weight)
    torch.testing.assert_close(
        loss(logits, labels, reduction_override='none'), rows)
    for got, want in ((loss(logits, labels), rows.mean()),
                      (loss(logits, labels, avg_factor=7), rows.sum() / 7),
                      (loss(logits, labels, reduction_override='sum'),
                       rows.sum())):
        torch.testing.assert_close(got, want)
    [got] = torch.autograd.grad(loss(logits, labels), logits)
    [want] = torch.autograd.grad(rows.mean(), logits)
    torch.testing.assert_close(got, want)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 20), st.integers(0, 10**6),
       st.sampled_from([0.1, 0.8, 1.0]))
def test_weighted_is_torchs(num, seed, bg_weight):
    logits, labels = regions(num, seed)
    weight = torch.ones(K + 1).double()
    weight[K] = bg_weight
    want = F.cross_entropy(logits, labels, weight)
    loss = BackgroundWeightedCrossEntropy(bg_weight)
    torch.testing.assert_close(loss(logits, labels, avg_factor=num), want)
    torch.testing.assert_close(2 * want, BackgroundWeightedCrossEntropy(
        bg_weight, loss_weight=2.0)(logits, labels))


@pytest.mark.parametrize('cfg', [FOCAL, WEIGHTED])
def test_weights_of_rows(cfg):
    """A weight of 0 takes a row out of the sum."""
    loss, (logits, labels) = MODELS.build(cfg), regions(6)
    weight = torch.tensor([1., 1, 1, 1, 0, 0])
    got = loss(logits, labels, weight, avg_factor=4)
    torch.testing.assert_close(got, loss(logits[:4], labels[:4]))


@pytest.mark.parametrize('cfg', [FOCAL, WEIGHTED])
def test_no_region_is_a_connected_zero(cfg):
    x = torch.zeros(0, 3, requires_grad=True)
    layer = torch.nn.Linear(3, K + 1)
    loss = MODELS.build(cfg)(layer(x), torch.zeros(0, dtype=torch.long),
                             torch.zeros(0), avg_factor=1.0)
    assert loss == 0
    loss.backward()
    assert (layer.weight.grad == 0).all() and (layer.bias.grad == 0).all()


@pytest.mark.parametrize('cfg', [FOCAL, WEIGHTED])
@pytest.mark.parametrize('gap', [0., 10., 17., 50., 200.])
@pytest.mark.parametrize('right', [True, False])
def test_sure_answers_have_finite_gradients(cfg, gap, right):
    """At 17 and more a float32 probability is 1: (1 - p)^0.5 has no slope."""
    logits = torch.zeros(2, K + 1)
    logits[:, 1] = gap
    logits.requires_grad_()
    label = 1 if right else 2
    loss = MODELS.build(cfg)(logits, torch.tensor([label, label]))
    loss.backward()
    assert loss.isfinite() and logits.grad.isfinite().all()
    if right and gap > 20:
        assert loss < 1e-6 and logits.grad.abs().max() < 1e-3
    if not right and gap > 20:
        assert logits.grad.abs().max() > 0.4


@pytest.mark.parametrize('cfg', [FOCAL, WEIGHTED])
@pytest.mark.parametrize('dtype', HALVES)
def test_float32_under_autocast(cfg, dtype):
    """Differences of logits near 100 are lost in half precision."""
    logits = torch.tensor([[100., 99.95, 0., 0, 0, 0]])
    label, loss = torch.tensor([1]), MODELS.build(cfg)
    with torch.autocast('cpu', dtype):
        got = loss(logits, label)
    assert got.dtype == torch.float32
    torch.testing.assert_close(got, loss(logits, label))
    assert loss(logits.to(dtype), label).dtype == torch.float32


@pytest.mark.parametrize('change, message', [
    (dict(gamma=-1.), 'loss_cls.gamma=-1.0: give a finite number'),
    (dict(bg_weight=-0.2), 'loss_cls.bg_weight=-0.2'),
    (dict(loss_weight=float('nan')), 'loss_cls.loss_weight=nan')])
def test_impossible_options(change, message):
    with pytest.raises(ValueError, match=message):
        MODELS.build(ConfigDict(FOCAL, **change))
    with pytest.raises(ValueError, match="'avg': choose one of .*'mean'"):
        MODELS.build(FOCAL)(*regions(2), reduction_override='avg')
