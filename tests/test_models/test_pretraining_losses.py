"""Losses of region-text pretraining against their formulas."""
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from two_processes import on_two

from regionclip_mm.models import (ConceptContrastiveLoss,
                                  ImageTextContrastiveLoss, RegionDistillLoss)

SCALE = torch.tensor(7.0)


def rows(num, width, seed):
    generator = torch.Generator().manual_seed(seed)
    return 3 * torch.randn(num, width, generator=generator,
                           dtype=torch.float64)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 9), st.integers(2, 12), st.integers(0, 10**6))
def test_distillation_is_its_formula(num, concepts, seed):
    logits, teacher = rows(num, concepts, seed), rows(num, concepts, seed + 1)
    p, q = teacher.softmax(-1), logits.softmax(-1)
    want = (p * (p / q).log()).sum() / num
    got = RegionDistillLoss()(logits, teacher)
    assert got.item() == pytest.approx(want.item(), rel=1e-4, abs=1e-5)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 12), st.integers(2, 6), st.integers(0, 10**6))
def test_contrast_is_its_formula(num, concepts, seed):
    """As the paper has it: one column for each region."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(concepts, (num, ), generator=generator)
    logits = rows(num, concepts, seed)
    columns = logits[:, labels].softmax(-1)
    same = labels[:, None] == labels
    want = -(columns * same).sum(-1).log().mean()
    got = ConceptContrastiveLoss(2.0)(logits, labels)
    assert got.item() == pytest.approx(2 * want.item(), rel=1e-4, abs=1e-5)


def test_probabilities_of_zero_are_no_problem():
    """The reference's logarithm of a softmax is infinite here."""
    logits = torch.tensor([[100.0, -100.0, 0.0]], requires_grad=True)
    loss = RegionDistillLoss()(logits, -logits.detach())
    loss.backward()
    assert loss.item() == pytest.approx(200)
    assert logits.grad.isfinite().all()


@pytest.mark.parametrize('loss, target', [
    (RegionDistillLoss(), torch.zeros(0, 5)),
    (ConceptContrastiveLoss(), torch.zeros(0, dtype=torch.long)),
    (ImageTextContrastiveLoss(), torch.zeros(0, 5))])
def test_nothing_to_learn_from(loss, target):
    logits = torch.zeros(0, 5, requires_grad=True)
    value = loss(logits, target, *[SCALE] * isinstance(
        loss, ImageTextContrastiveLoss))
    value.backward()
    assert value.item() == 0 and logits.grad is not None


def pairs(num=6):
    return rows(num, 4, 0).float(), rows(num, 4, 1).float()


def gathered(sizes, rank):
    """Loss and gradients of the rows of one process."""
    begin = sum(sizes[:rank])
    image, text = (x[begin:begin + sizes[rank]].clone().requires_grad_()
                   for x in pairs())
    loss = ImageTextContrastiveLoss()(image, text, SCALE)
    loss.backward()
    return loss.detach(), image.grad, text.grad


@pytest.mark.parametrize('sizes', [(3, 3), (4, 2), (6, 0)])
def test_two_processes_are_one_with_the_joined_batch(sizes, tmp_path):
    found = on_two(lambda rank: gathered(sizes, rank), tmp_path)
    least = min(sizes)
    used = torch.tensor([*range(least), *range(sizes[0], sizes[0] + least)])
    image, text = (x[used.long()].requires_grad_() for x in pairs())
    want = ImageTextContrastiveLoss()(image, text, SCALE)
    want.backward()
    for rank, (loss, *gradients) in enumerate(found):
        assert loss.item() == pytest.approx(want.item(), rel=1e-6)
        for got, whole in zip(gradients, (image.grad, text.grad)):
            # DistributedDataParallel takes the mean over processes
            mine = whole[rank * least:(rank + 1) * least]
            torch.testing.assert_close(got[:least] / 2, mine)
            assert not got[least:].any()
