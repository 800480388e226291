"""Distillation from the best concepts of each region, and the rest."""
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from regionclip_mm.models import RegionDistillLoss, TopKDistillLoss
from regionclip_mm.models.losses import top_k_log_probs

SIZES = st.integers(1, 7), st.integers(2, 30), st.integers(0, 10**6)


def rows(num, width, seed, scale=3.):
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(num, width, generator=generator)


def from_top(k, logits, teacher, dtype=torch.float32):
    concepts, log_probs, log_rest = top_k_log_probs(teacher, k)
    return TopKDistillLoss()(logits, concepts, log_probs.to(dtype),
                             log_rest.to(dtype))


@settings(max_examples=40, deadline=None)
@given(*SIZES, st.integers(1, 40))
def test_it_is_its_formula(num, concepts, seed, k):
    logits = rows(num, concepts, seed).double()
    teacher = rows(num, concepts, seed + 1).double()
    p, order = teacher.softmax(-1).sort(-1, descending=True)
    q = logits.softmax(-1).gather(-1, order)
    k = min(k, concepts)
    want = (p[:, :k] * (p[:, :k] / q[:, :k]).log()).sum()
    if k < concepts:
        m, rest = p[:, k:].sum(-1), q[:, k:].sum(-1)
        want += (m * (m / rest).log()).sum()
    got = from_top(k, logits, teacher)
    assert got.item() == pytest.approx(want.item() / num, rel=1e-4, abs=1e-5)


@settings(max_examples=40, deadline=None)
@given(*SIZES)
def test_more_concepts_come_closer_from_below(num, concepts, seed):
    logits, teacher = rows(num, concepts, seed), rows(num, concepts, seed + 1)
    full = RegionDistillLoss()(logits, teacher).item()
    losses = [from_top(k, logits, teacher).item()
              for k in range(1, concepts + 1)]
    assert all(a <= b + 1e-5 for a, b in zip(losses, losses[1:]))
    assert losses[-1] == pytest.approx(full, rel=1e-5, abs=1e-6)
    assert losses[0] >= -1e-6


@pytest.mark.parametrize('k', [3, 12])
def test_gradients_are_those_of_the_full_loss(k):
    """Where the rest has no mass, or the best are all there are."""
    teacher = rows(5, 12, 1)
    teacher[:, 3:] -= 200 * (k < 12)  # exp(-200) is 0 in float32
    grads = []
    for loss in (lambda x: RegionDistillLoss()(x, teacher),
                 lambda x: from_top(k, x, teacher)):
        logits = rows(5, 12, 0).requires_grad_()
        loss(logits).backward()
        grads.append(logits.grad)
    torch.testing.assert_close(*grads, rtol=1e-5, atol=1e-7)


def test_gradients_with_a_rest():
    concepts, log_probs, log_rest = top_k_log_probs(rows(4, 9, 1).double(), 4)
    logits = rows(4, 9, 0).double().requires_grad_()

    def loss(x):  # of float64, as gradcheck needs
        q = x.log_softmax(-1)
        inside = torch.zeros_like(q, dtype=torch.bool).scatter(
            1, concepts, True)
        m = log_rest.exp()
        rest = (q.exp() * ~inside).sum(-1).log()
        best = log_probs.exp() * (log_probs - q.gather(1, concepts))
        return (best.sum() + (m * (log_rest - rest)).sum()) / 4
    want, = torch.autograd.grad(loss(logits), logits)
    got, = torch.autograd.grad(
        TopKDistillLoss()(logits, concepts, log_probs, log_rest), logits)
    torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize('scale', [1., 300.])
def test_rest_without_mass(scale):
    """Certain teachers, and students that have nothing there."""
    teacher = torch.tensor([[500., 0, 0, 0]])
    logits = scale * torch.tensor([[-1., 1, 0, 0]])
    logits.requires_grad_()
    concepts, log_probs, log_rest = top_k_log_probs(teacher, 1)
    for rest in (log_rest, torch.tensor([-torch.inf])):
        loss = TopKDistillLoss(2.)(logits, concepts, log_probs, rest)
        loss.backward()
        want = -2 * logits.log_softmax(-1)[0, 0].item()
        assert loss.item() == pytest.approx(want, rel=1e-5)
        assert logits.grad.isfinite().all()


def test_no_region():
    logits = torch.zeros(0, 6, requires_grad=True)
    loss = from_top(3, logits, torch.zeros(0, 6))
    loss.backward()
    assert loss.item() == 0 and logits.grad.shape == (0, 6)


@pytest.mark.parametrize('dtype, error', [(torch.float16, 2e-4),
                                          (torch.bfloat16, 2e-3)])
def test_stored_in_half_precision(dtype, error):
    """Means of 200 regions; students that agree have no loss to lose."""
    teacher = rows(200, 40, 1)
    for logits in (rows(200, 40, 0), teacher):
        exact = from_top(8, logits, teacher)
        rough = from_top(8, logits, teacher, dtype)
        assert abs(rough - exact) < error * max(1, exact.item())
        assert rough > -1e-6
