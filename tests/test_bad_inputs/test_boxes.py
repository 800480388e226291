"""Boxes that are missing, outside, without area or not numbers."""
import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData
from nano import make_image, nano_detector, write_nano

from mmdet.structures import DetDataSample
from regionclip_mm.apis import RegionInferencer

FILE = dict(type='FileProposals')


@pytest.fixture(scope='module')
def detector():
    detector = nano_detector(proposals=FILE)
    detector.set_vocabulary(['cat', 'dog'])
    return detector


def run(detector, *boxes):
    """Detect in images of 64 x 96 pixels with these proposals."""
    samples = [
        DetDataSample(
            metainfo=dict(img_shape=(64, 96), ori_shape=(64, 96),
                          scale_factor=(1.0, 1.0)),
            proposals=InstanceData(bboxes=torch.tensor(b).reshape(-1, 4),
                                   scores=torch.ones(len(b))))
        for b in boxes]
    images = [torch.from_numpy(np.ascontiguousarray(
        make_image(64, 96).transpose(2, 0, 1)))] * len(boxes)
    with torch.no_grad():
        done = detector.test_step(dict(inputs=images, data_samples=samples))
    return [sample.pred_instances for sample in done]


def test_no_proposals_in_any_image(detector):
    for found in run(detector, [], []):
        assert len(found) == 0 and found.label_names == []


def test_no_proposals_in_one_image(detector):
    alone, = run(detector, [[8., 8, 60, 60]])
    first, second, third = run(detector, [], [[8., 8, 60, 60]], [])
    assert len(first) == len(third) == 0
    assert torch.allclose(second.scores, alone.scores, atol=1e-5)


def test_inferencer_without_proposals(tmp_path):
    detect = RegionInferencer(
        *write_nano(tmp_path, proposals=dict(type='GTProposals')),
        device='cpu', show_progress=False)
    results = detect([make_image()] * 2, texts='cat', batch_size=2,
                     out_dir=str(tmp_path), no_save_pred=False,
                     unique_boxes=True, max_boxes=3, scores='class')
    assert [p['scores'] for p in results['predictions']] == [[], []]


@pytest.mark.parametrize('box', [
    [200., 200, 260, 260], [-50., -50, -10, -10], [10., 10, 10, 40],
    [10., 10, 40, 10], [40., 40, 10, 10], [0., 0, 0, 0]])
def test_boxes_without_any_of_the_image(detector, box):
    found, = run(detector, [box, [8., 8, 60, 60]])
    assert len(found) == 2  # one box, two names
    assert (found.bboxes == torch.tensor([8., 8, 60, 60])).all()
    assert len(run(detector, [box])[0]) == 0


@pytest.mark.parametrize('box', [
    [-20., -20, 30, 30], [-1e9, -1e9, 1e9, 1e9], [90., 60, 3e7, 300]])
def test_boxes_partly_outside_are_cut(detector, box):
    found, = run(detector, [box])
    x1, y1, x2, y2 = found.bboxes[0].tolist()
    assert (x1, y1) == (max(box[0], 0), max(box[1], 0))
    assert (x2, y2) == (min(box[2], 96), min(box[3], 64))
    assert found.scores.isfinite().all()


@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_boxes_that_are_no_numbers(detector, value):
    with pytest.raises(ValueError, match='proposal_file.*not finite'):
        run(detector, [[0., 0, value, 5]])


@pytest.mark.parametrize('boxes, message', [
    ([], '0 tensors of boxes for 1 images'),
    ([torch.zeros(1, 4)] * 2, '2 tensors of boxes for 1 images'),
    ([torch.zeros(4)], r'boxes of image 0 have shape \(4,\), not \(R, 4\)'),
    ([torch.zeros(2, 5)], r'have shape \(2, 5\)'),
    ([torch.tensor([[9., 0, 5, 5]])], 'image 0 .* with x1 <= x2 and y1 <= y2'),
    ([torch.full((2, 4), float('nan'))], 'image 0 are not all finite')])
def test_encode_regions_names_the_mistake(detector, boxes, message):
    with pytest.raises(ValueError, match=message):
        detector.encode_regions(torch.zeros(1, 3, 64, 96), boxes)


@torch.no_grad()
def test_encode_regions_takes_boxes_outside_and_without_area(detector):
    boxes = torch.tensor([[200., 200, 260, 260], [10, 10, 10, 40],
                          [-20, -20, 30, 30]])
    got = detector.encode_regions(torch.rand(1, 3, 64, 96), [boxes])
    assert got.shape == (3, 128) and got.isfinite().all()
    none = detector.encode_regions(torch.rand(1, 3, 64, 96),
                                   [torch.zeros(0, 4)])
    assert none.shape == (0, 128)
