import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData

from mmdet.structures import DetDataSample
from regionclip_mm.apis.drawing import (READABLE, long_palette, magnified,
                                        picture_name)


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
