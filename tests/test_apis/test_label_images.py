"""Boxes of labels are of the image as it was loaded."""
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mmengine.dataset import Compose

from mmdet.registry import TRANSFORMS
from mmdet.utils import register_all_modules
from regionclip_mm.apis.label_images import scale_of
from regionclip_mm.apis.region_labelling import META_KEYS

register_all_modules()

RESIZE = dict(type='Resize', scale=(96, 96), keep_ratio=True)
CROP = dict(type='RandomCrop', crop_size=(40, 30))


def scale_after(*steps, shape=(60, 80)):
    packed = Compose([TRANSFORMS.build(step) for step in (
        *steps, dict(type='PackDetInputs', meta_keys=META_KEYS))])(dict(
            img=np.zeros((*shape, 3), np.uint8), img_id='id0',
            img_shape=shape, ori_shape=shape))
    return scale_of(packed['data_samples']).tolist()


@settings(max_examples=25, deadline=None)
@given(st.tuples(*[st.integers(8, 90)] * 2),
       st.tuples(*[st.integers(40, 200)] * 2), st.booleans())
def test_resizing_is_known(shape, scale, keep_ratio):
    found = scale_after(dict(RESIZE, scale=scale, keep_ratio=keep_ratio),
                        shape=shape)
    if not keep_ratio:
        wanted = np.array(scale) / shape[::-1]
        assert found == pytest.approx([*wanted, *wanted], rel=1e-6)
    assert found[:2] == found[2:]


def test_without_a_step():
    assert scale_after() == [1, 1, 1, 1]


@pytest.mark.parametrize('steps, message', [
    ([RESIZE, dict(type='RandomFlip', prob=1.0)], 'is flipped'),
    ([CROP], 'has 40 x 30 pixels instead of 80 x 60'),
    ([RESIZE, CROP], 'has 40 x 30 pixels instead of 96 x 72'),
    ([dict(type='Pad', size=(100, 100))],
     'has 100 x 100 pixels instead of 80 x 60'),
])
def test_steps_that_move_boxes(steps, message):
    with pytest.raises(ValueError, match=f"image 'id0' {message} after "
                       'label_pipeline, .* only Resize'):
        scale_after(*steps)
