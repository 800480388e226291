"""A teacher that sees each region alone."""
import pytest
import torch
from mmengine.config import ConfigDict
from nano import diversify, make_image, make_vocabulary, nano_model
from nano_pretraining import (CONCEPTS, build_pretrainer, make_pairs,
                              pretrainer_model)

from mmdet.registry import MODELS
from regionclip_mm.models.pretrainers.base import classify


@pytest.fixture(scope='module')
def teacher():
    torch.manual_seed(0)
    model = ConfigDict(nano_model(vocabulary=make_vocabulary(CONCEPTS)))
    model.update(type='CropTeacher', crop_size=64, context=1.0,
                 crops_at_once=2)
    net = MODELS.build(model).eval()
    diversify(net)
    return net


def images(net, count=1, size=64):
    pixels = [torch.from_numpy(make_image(size, size, seed).transpose(
        2, 0, 1).copy()) for seed in range(count)]
    return net.data_preprocessor(dict(inputs=pixels))['inputs']


@torch.no_grad()
def encode(net, inputs, *boxes):
    return net.encode_regions(inputs, [
        torch.tensor(one, dtype=torch.float).reshape(-1, 4) for one in boxes])


def plain(net, *args):
    """What a detector with the same weights makes of it."""
    with torch.no_grad():
        return super(type(net), net).encode_regions(*args)


def test_the_whole_image_is_what_it_is_without_a_crop(teacher):
    inputs, whole = images(teacher), [torch.tensor([[0., 0, 64, 64]])]
    torch.testing.assert_close(teacher.encode_regions(inputs, whole),
                               plain(teacher, inputs, whole),
                               rtol=1e-4, atol=1e-5)


def test_a_crop_is_encoded_as_an_image_of_its_own(teacher):
    inputs = images(teacher, size=128)
    whole = [torch.tensor([[0., 0, 64, 64]])]
    found = encode(teacher, inputs, [[32, 16, 96, 80]])
    alone = plain(teacher, inputs[..., 16:80, 32:96].contiguous(), whole)
    torch.testing.assert_close(found, alone, rtol=1e-4, atol=1e-5)
    # the plain detector sees what is around, too
    box = [torch.tensor([[32., 16, 96, 80]])]
    error = (plain(teacher, inputs, box) - alone).abs().max()
    assert error > 100 * (found - alone).abs().max()


def test_the_size_of_the_image_hardly_matters(teacher):
    inputs = torch.nn.functional.avg_pool2d(images(teacher, size=128), 7, 1, 3)
    larger = torch.nn.functional.interpolate(inputs, scale_factor=2,
                                             mode='bilinear')
    box = torch.tensor([20., 30, 84, 94])
    torch.testing.assert_close(encode(teacher, inputs, box.tolist()),
                               encode(teacher, larger, (2 * box).tolist()),
                               rtol=5e-2, atol=5e-2)


def test_a_square_around_the_box_outside_of_the_image_too(teacher):
    squares = teacher._squares(torch.tensor([[0., 0, 10, 30], [5, 5, 5, 5]]))
    assert squares.tolist() == [[-10, 0, 20, 30], [4.5, 4.5, 5.5, 5.5]]
    rois = torch.cat([torch.zeros(2, 1), squares], 1)
    crops = teacher._crops(torch.ones(1, 3, 64, 64), rois)
    assert crops[0, :, :, :18].abs().max() == 0  # left of the image
    torch.testing.assert_close(crops[0, :, :, 26:], torch.ones(3, 64, 38))


def test_order_and_number_of_regions(teacher):
    """In batches of two, over images without a region."""
    inputs = images(teacher, 3)
    boxes = [[[0, 0, 40, 40], [10, 10, 60, 50], [5, 30, 30, 60]], [],
             [[20, 0, 64, 44], [0, 0, 64, 64]]]
    found = encode(teacher, inputs, *boxes)
    alone = torch.cat([encode(teacher, inputs[i:i + 1], box)
                       for i, some in enumerate(boxes) for box in some])
    torch.testing.assert_close(found, alone, rtol=1e-4, atol=1e-5)
    nothing = encode(teacher, inputs, [], [], [])
    assert nothing.shape == (0, found.shape[1])


@pytest.mark.parametrize('box', [
    [5, 5, 3, 9], [0, 0, float('nan'), 4], [0, 0, float('inf'), 4]])
def test_boxes_that_are_none(teacher, box):
    with pytest.raises(ValueError, match='image 0 are not all finite with x1'):
        encode(teacher, images(teacher), [box])


def test_a_box_far_outside_is_the_image(teacher):
    inputs = images(teacher)
    torch.testing.assert_close(
        encode(teacher, inputs, [[-1e6, -1e6, 1e6, 1e6]]),
        encode(teacher, inputs, [[0, 0, 64, 64]]))


@pytest.mark.parametrize('changes, message', [
    (dict(crop_size=31), 'crop_size is at least 32 pixels, got 31'),
    (dict(context=0), 'context and crops_at_once .* got 0 and 64'),
    (dict(context=float('inf')), 'context and crops_at_once .* got inf'),
    (dict(context=float('nan')), 'context and crops_at_once .* got nan'),
    (dict(crops_at_once=0), 'context and crops_at_once .* got 1.25 and 0')])
def test_sizes_that_are_none(changes, message):
    with pytest.raises(ValueError, match=message):
        MODELS.build(ConfigDict(
            nano_model(), type='CropTeacher', **changes))


def test_it_teaches_a_student():
    """What student and teacher have in common is not taken from the image."""
    model = pretrainer_model()
    model.teacher.update(type='CropTeacher', crop_size=64)
    pretrainer = build_pretrainer(model)
    data = make_pairs(pretrainer)

    def losses():
        torch.manual_seed(0)
        return pretrainer(**data, mode='loss')

    shared = losses()
    assert pretrainer._shares_trunk
    pretrainer._shares_trunk = False
    for name, value in losses().items():
        assert shared[name].item() == pytest.approx(value.item(), rel=1e-4)
    teacher, boxes = pretrainer.teacher, [torch.tensor([[5., 5, 40, 30]])] * 2
    diversify(teacher)
    with torch.no_grad():
        cut, pooled = (net.encode_regions(data['inputs'], boxes)
                       for net in (teacher, super(type(teacher), teacher)))
        torch.testing.assert_close(
            pretrainer._teach(data['inputs'], None, boxes),
            classify(teacher, cut))
    assert (cut - pooled).abs().max() > 0.01 * pooled.abs().max()
    labelled = pretrainer.label(**data_of(data), top_k=3, num_regions=4)
    assert [len(one) for one in labelled] == [4, 4]
    assert torch.isfinite(labelled[0].log_probs).all()


def data_of(data):
    return dict(inputs=data['inputs'], samples=data['data_samples'])
