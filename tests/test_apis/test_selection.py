import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mmengine.structures import InstanceData

from regionclip_mm.apis import Selection
from regionclip_mm.apis.selection import areas, distinct, first_of_each

BOXES = [[0, 0, 10, 10], [0, 0, 10, 10], [5, 5, 6, 6], [0, 0, 20, 20],
         [0, 0, 20, 20]]


def detections() -> InstanceData:
    return InstanceData(
        bboxes=torch.tensor(BOXES).float(),
        scores=torch.tensor([0.9, 0.8, 0.7, 0.6, 0.95]),
        class_scores=torch.tensor([0.1, 0.2, 0.3, 0.4, 0.5]),
        labels=torch.arange(5), label_names=list('abcde'))


@pytest.mark.parametrize('options, names', [
    ({}, 'eabcd'), (dict(unique_boxes=True), 'eac'),
    (dict(max_boxes=2), 'ea'), (dict(min_area=100), 'eabd'),
    (dict(min_area=101), 'ed'), (dict(no_parts=True), 'e'),
    (dict(unique_boxes=True, max_boxes=3, min_area=2), 'ea')])
def test_options(options, names):
    found = Selection(**options)(detections())
    assert ''.join(found.label_names) == names
    assert found.scores.tolist() == sorted(found.scores.tolist(),
                                           reverse=True)


def test_class_scores_are_shown_but_do_not_rank():
    found = Selection(max_boxes=2, scores='class')(detections())
    assert found.label_names == ['e', 'a']
    assert found.scores.tolist() == pytest.approx([0.5, 0.1])


def test_nothing_to_select():
    found = Selection(True, 3, 5, 'class')(detections()[:0])
    assert len(found) == 0 and found.label_names == []


@pytest.mark.parametrize('wrong, message', [
    (dict(scores='rpn'), "scores='rpn': choose one of 'fused', 'class'"),
    (dict(max_boxes=0), 'max_boxes=0: give a positive number, or -1'),
    (dict(max_boxes=-5), 'max_boxes=-5'),
    (dict(max_boxes=2.5), 'max_boxes=2.5: give a positive'),
    (dict(max_boxes=float('nan')), 'max_boxes=nan: give a positive'),
    (dict(max_boxes='3'), "max_boxes='3': give a positive"),
    (dict(max_boxes=True), 'max_boxes=True: give a positive'),
    (dict(min_area=-1), 'min_area=-1.*not negative'),
    (dict(min_area=float('nan')), 'min_area=nan: give a number of square'),
    (dict(min_area=float('inf')), 'min_area=inf: give a number of square'),
    (dict(min_area='9'), "min_area='9': give a number of square"),
    (dict(min_area=None), 'min_area=None: give a number of square'),
    (dict(scores=['fused']), r"scores=\['fused'\]: choose one of"),
    (dict(unique_boxes='no'), "unique_boxes='no': give True or False")])
def test_wrong_options(wrong, message):
    with pytest.raises(ValueError, match=message):
        Selection(**wrong)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 4), max_size=12))
def test_first_of_each(kinds):
    boxes = torch.tensor(kinds).float()[:, None].repeat(1, 4)
    expected = sorted({kind: row for row, kind in
                       reversed(list(enumerate(kinds)))}.values())
    assert first_of_each(boxes.reshape(-1, 4)).tolist() == expected


def literal_distinct(boxes, overlap: float) -> list:
    """Box by box, as the definition says."""
    kept, sizes = [], areas(boxes)
    for i, box in enumerate(boxes):
        low = torch.maximum(box[:2], boxes[kept][:, :2])
        high = torch.minimum(box[2:], boxes[kept][:, 2:])
        shared = (high - low).clamp(min=0).prod(1)
        if not (shared > overlap * sizes[kept].clamp(max=sizes[i])).any():
            kept.append(i)
    return kept


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 30), st.integers(0, 10**6), st.sampled_from([.2, .5]))
def test_boxes_in_no_better_one(count, seed, overlap):
    draw = torch.Generator().manual_seed(seed)
    corners = torch.randint(0, 20, (count, 2, 2), generator=draw).sort(1)
    boxes = corners.values.flatten(1).float()
    assert distinct(boxes, overlap).tolist() == (
        literal_distinct(boxes, overlap))


def test_a_chain_of_parts():
    """Each lies in the one before, so only every other one goes."""
    boxes = torch.tensor([[i, 0., i + 3, 1] for i in range(8)])
    assert distinct(boxes).tolist() == [0, 2, 4, 6]
