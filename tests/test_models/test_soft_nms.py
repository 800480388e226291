"""Soft-NMS of all classes at once against the literal definition."""
import time

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mmcv.ops import soft_nms
from torchvision.ops import box_iou

from regionclip_mm.models.utils import class_aware_soft_nms

DECAYS = dict(
    gaussian=lambda iou, thr, sigma: torch.exp(-iou**2 / sigma),
    linear=lambda iou, thr, sigma: torch.where(iou > thr, 1 - iou, 1.0),
    naive=lambda iou, thr, sigma: (iou < thr).to(iou))


def literal(boxes, scores, labels, iou_threshold=0.3, sigma=0.5,
            min_score=1e-3, method='linear'):
    """Pick the best box, lower the others of its class, again: the judge."""
    scores, left = scores.clone(), torch.arange(len(boxes))
    picks, values = [], []
    while len(left):
        best = left[scores[left].argmax()]
        picks.append(best)
        values.append(scores[best].clone())
        iou = box_iou(boxes[best][None], boxes[left])[0]
        factor = DECAYS[method](iou, iou_threshold, sigma)
        same = labels[left] == labels[best]
        scores[left] = scores[left] * torch.where(same, factor, 1.0)
        left = left[(scores[left] > min_score) & (left != best)]
    return torch.tensor(picks).long(), torch.tensor(values).to(scores)


def scene(num, classes, seed=0, canvas=400.0):
    """Boxes in clusters, as a detector gives them; all scores differ."""
    generator = torch.Generator().manual_seed(seed)
    draw = max(num // 10, 1)
    centre = torch.rand(draw, 2, generator=generator) * canvas
    half = torch.rand(draw, 2, generator=generator) * 60 + 5
    boxes = torch.cat([centre - half, centre + half], 1)
    boxes = boxes[torch.randint(draw, (num, ), generator=generator)]
    boxes = boxes + torch.randn(num, 4, generator=generator) * 4
    boxes = torch.cat([boxes[:, :2], boxes[:, 2:].maximum(boxes[:, :2])], 1)
    scores = (torch.randperm(num, generator=generator) + 1.) / (num + 1)
    return boxes, scores**3, torch.randint(classes, (num, ),
                                           generator=generator)


def same(got, want):
    assert got[0].tolist() == want[0].tolist()
    torch.testing.assert_close(got[1], want[1], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize('method', sorted(DECAYS))
@pytest.mark.parametrize('num, classes', [(1, 1), (60, 1), (500, 7),
                                          (500, 1203)])
def test_same_as_the_definition(num, classes, method):
    boxes = [x.double() for x in scene(num, classes)[:2]]
    data = *boxes, scene(num, classes)[2]
    want = literal(*data, method=method)
    same(class_aware_soft_nms(*data, method=method), want)
    for most in (1, 10, num):
        got = class_aware_soft_nms(*data, method=method, max_num=most)
        same(got, [x[:most] for x in want])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 60), st.integers(1, 8), st.integers(0, 10**6),
       st.sampled_from(sorted(DECAYS)), st.sampled_from([1e-3, 0.05, 0.6]),
       st.sampled_from([-1, 0, 1, 7]))
def test_any_boxes(num, classes, seed, method, min_score, most):
    boxes, scores, labels = scene(num, classes, seed, 100.0)
    data = boxes.double(), scores.double(), labels
    options = dict(method=method, min_score=min_score)
    want = literal(*data, **options)
    got = class_aware_soft_nms(*data, **options, max_num=most)
    same(got, want if most < 0 else [x[:most] for x in want])


def test_equal_boxes_and_scores():
    boxes = torch.tensor([[0., 0, 10, 10]]).repeat(4, 1)
    got, values = class_aware_soft_nms(
        boxes, torch.full((4, ), 0.5), torch.tensor([3, 9, 3, 9]),
        method='gaussian')
    assert sorted(got[:2].tolist()) == [0, 1]
    torch.testing.assert_close(
        values, 0.5 * torch.exp(torch.tensor([0., 0, -2, -2])))


def test_the_best_box_stays_however_low_it_is():
    """As in the reference, which drops low scores after the first pick."""
    boxes = torch.tensor([[0., 0, 10, 10], [50, 50, 60, 60]])
    got, _ = class_aware_soft_nms(boxes, torch.tensor([1e-4, 2e-4]),
                                  torch.tensor([0, 0]), min_score=1e-3)
    assert got.tolist() == [1]


def test_boxes_without_area_do_not_meet():
    boxes = torch.tensor([[5., 5, 5, 5]]).repeat(3, 1)
    got, values = class_aware_soft_nms(
        boxes, torch.tensor([.3, .2, .1]), torch.zeros(3, dtype=torch.long))
    assert got.tolist() == [0, 1, 2] and values.tolist() == pytest.approx(
        [.3, .2, .1])


def test_agrees_with_mmcv_inside_a_class():
    boxes, scores, _ = scene(300, 1)
    want, index = soft_nms(boxes, scores, 0.3, 0.5, 1e-3, 'gaussian')
    got, values = class_aware_soft_nms(
        boxes, scores, torch.zeros(300, dtype=torch.long), method='gaussian')
    assert got.tolist() == index.tolist()
    torch.testing.assert_close(values, want[:, -1], rtol=1e-4, atol=1e-6)


def test_exact_in_the_last_of_1203_classes():
    """Where offsets in float32 change overlaps, these stay as they are."""
    boxes, scores, _ = scene(300, 1)
    first = class_aware_soft_nms(
        boxes, scores, torch.zeros(300, dtype=torch.long), method='gaussian')
    last = class_aware_soft_nms(boxes, scores, torch.full((300, ), 1202),
                                method='gaussian')
    assert (first[0] == last[0]).all() and (first[1] == last[1]).all()


@pytest.mark.parametrize('classes', [65, 1203])
def test_a_hundred_thousand_pairs_take_no_minute(classes):
    """The reference needs more than one."""
    data = scene(100_000, classes, canvas=1333.0)
    start = time.process_time()
    got, values = class_aware_soft_nms(*data, method='gaussian', max_num=300)
    assert time.process_time() - start < 10
    assert len(got) == 300 and (values.diff() <= 0).all()
