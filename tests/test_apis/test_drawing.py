import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData

from mmdet.structures import DetDataSample
from regionclip_mm.apis.drawing import (READABLE, LegibleVisualizer,
                                        long_palette, magnified, picture_name)


@pytest.mark.parametrize('side, points', [(768, 12), (4000, 36)])
def test_letters_have_one_size(monkeypatch, side, points):
    """mmdet's are 6 points on the first of these boxes."""
    sizes = []
    monkeypatch.setattr(
        LegibleVisualizer.__bases__[0], 'draw_texts',
        lambda self, texts, at, size, **options: sizes.append(size))
    found = InstanceData(
        bboxes=torch.tensor([[5., 5, 25, 25], [0, 0, 700, 700]]),
        scores=torch.ones(2), labels=torch.zeros(2, dtype=torch.long),
        label_names=['cat', 'dog'])
    drawer = LegibleVisualizer()
    drawer.dataset_meta = dict(palette=[(1, 2, 3)])
    drawer.add_datasample('x', np.zeros((side, side, 3), np.uint8),
                          DetDataSample(pred_instances=found), draw_gt=False)
    assert sizes == [points, points]


def test_the_inferencer_draws_with_them(detect):
    assert type(detect.visualizer) is LegibleVisualizer


def test_names_of_pictures():
    used = set()
    paths = ['x/a.jpg', 'y/a.jpg', 'a_2.jpg', 'b.gif', 'c', 'd.PNG',
             'http://host/e.jpg?size=3', '猫.png']
    assert [picture_name(path, used) for path in paths] == [
        'a.jpg', 'a_2.jpg', 'a_2_2.jpg', 'b.png', 'c.png', 'd.PNG', 'e.png',
        '猫.png']


@pytest.mark.parametrize('palette', ['coco', 'voc', 'random', None,
                                     [(1, 2, 3), (4, 5, 6)]])
def test_enough_colours(palette):
    colours = long_palette(palette, 1203)
    assert len(colours) >= 1203
    assert all(len(colour) == 3 for colour in colours)
    assert long_palette(palette, 5)[:2] == colours[:2]


@pytest.mark.parametrize('height, width, zoom', [
    (100, 256, 3), (64, 64, 12), (READABLE, 10, 1), (500, 1000, 1),
    (400, READABLE - 1, 2)])
def test_small_pictures_are_enlarged(height, width, zoom):
    sample = DetDataSample(pred_instances=InstanceData(
        bboxes=torch.tensor([[1., 2, 30, 40]])))
    image = np.full((height, width, 3), 7, np.uint8)
    large, drawn = magnified(image, sample)
    assert large.shape == (height * zoom, width * zoom, 3)
    assert max(large.shape) >= READABLE and (large == 7).all()
    assert drawn.pred_instances.bboxes[0].tolist() == [
        zoom * x for x in (1, 2, 30, 40)]


def test_what_must_keep_its_size_does():
    image = np.zeros((8, 8, 3), np.uint8)
    found = InstanceData(bboxes=torch.ones(1, 4))
    sample = DetDataSample(pred_instances=found)
    assert magnified(image, sample, False)[0] is image
    found.masks = np.zeros((1, 8, 8), bool)
    assert magnified(image, sample)[0] is image
    assert sample.pred_instances.bboxes.max() == 1
