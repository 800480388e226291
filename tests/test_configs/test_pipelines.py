"""The shipped pipelines load and resize as detectron2 does."""
import numpy as np
import pytest
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.registry import init_default_scope
from PIL import Image
from sweep import ROOT


def load(name, path, box=(10., 20., 60., 50.)):
    init_default_scope('mmdet')
    cfg = Config.fromfile(ROOT / 'configs/_base_/datasets/pil_pipelines.py')
    instance = dict(bbox=list(box), bbox_label=3, ignore_flag=0)
    return Compose(cfg[name])(dict(
        img_path=str(path), img_id=1, height=1, width=1,
        instances=[instance, dict(instance, ignore_flag=1)]))


@pytest.mark.parametrize('size, network', [
    ((640, 480), (1067, 800)), ((500, 375), (1067, 800)),
    ((375, 500), (800, 1067)), ((172, 54), (1333, 418))])
def test_pixels_are_pils(tmp_path, size, network):
    """(172, 54) is a size at which mmcv's own rounding would differ."""
    pixels = np.random.default_rng(0).integers(0, 256, (*size[::-1], 3))
    image = Image.fromarray(pixels.astype(np.uint8))
    image.save(tmp_path / 'a.png')
    got = load('pil_test_pipeline', tmp_path / 'a.png')
    want = np.asarray(image.resize(network, Image.BILINEAR))[..., ::-1]
    assert (got['inputs'].permute(1, 2, 0).numpy() == want).all()
    meta = got['data_samples'].metainfo
    assert meta['scale_factor'] == pytest.approx(
        (network[0] / size[0], network[1] / size[1]))


def test_frames_of_the_annotated_boxes(tmp_path):
    Image.new('RGB', (400, 200)).save(tmp_path / 'a.png')
    box = np.array([[10, 20, 60, 50]])
    for name, scale in (('pil_test_pipeline', 1),
                        ('pil_gt_pipeline', 1333 / 400)):
        sample = load(name, tmp_path / 'a.png')['data_samples']
        boxes = sample.gt_instances.bboxes.tensor.numpy()
        assert len(boxes) == 1  # crowds are no proposals
        assert boxes == pytest.approx(box * scale, rel=2e-3)
