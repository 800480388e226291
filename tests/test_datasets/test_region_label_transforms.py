"""Region labels go through a pipeline with their boxes."""
import pickle

import numpy as np
import pytest
import torch
from mmengine.dataset import Compose
from region_label_files import NAMES, write_labels

from mmdet.registry import TRANSFORMS
from mmdet.structures.bbox import get_box_tensor
from mmdet.utils import register_all_modules
from regionclip_mm.datasets import LoadRegionLabels, PackRegionLabels
from regionclip_mm.io.region_labels import pool_digest

register_all_modules()


def sample(image_id=0, **more):
    return dict(img=np.zeros((80, 100, 3), np.uint8), img_id=image_id,
                img_shape=(80, 100), text='a cat',
                **dict(dict(ori_shape=(80, 100)), **more))


def packed(path, *steps, **about):
    pipeline = Compose([
        TRANSFORMS.build(step) for step in (
            dict(type='LoadRegionLabels', ann_file=str(path)), *steps,
            dict(type='PackRegionLabels'))])
    return pipeline(sample(**about))['data_samples']


@pytest.fixture
def labels(tmp_path):
    return tmp_path / 'a.json', write_labels(tmp_path / 'a.json')


def test_boxes_move_and_labels_stay(labels):
    path, images = labels
    found = packed(path, dict(type='Resize', scale=(200, 200)),
                   dict(type='RandomFlip', prob=1.0))
    regions, want = found.gt_instances, images[0]
    x1, y1, x2, y2 = torch.tensor(want.rows['boxes'].copy()).T
    flipped = torch.stack([200 - 2 * x2, 2.5 * y1, 200 - 2 * x1, 2.5 * y2], 1)
    torch.testing.assert_close(get_box_tensor(regions.bboxes), flipped,
                               rtol=0, atol=0.01)
    assert regions.concepts.dtype == regions.labels.dtype == torch.int64
    assert regions.concepts.tolist() == want.rows['concepts'].tolist()
    assert regions.labels.tolist() == regions.concepts[:, 0].tolist()
    for field in ('log_probs', 'log_rest'):
        assert regions[field].dtype == torch.float32
        assert np.array_equal(regions[field], want.rows[field])
    assert np.array_equal(regions.scores, want.rows['scores'])
    assert found.region_labels[0] == str(path) and found.text == 'a cat'


def test_boxes_that_a_step_leaves_out_take_their_labels_along(labels):
    path, images = labels
    np.random.seed(1)
    for _ in range(20):
        regions = packed(path, dict(type='RandomCrop', crop_size=(30, 30),
                                    allow_negative_crop=True)).gt_instances
        kept = [row for row in range(3)
                if images[0].rows['scores'][row] in regions.scores.numpy()]
        assert len(kept) == len(regions)
        assert regions.concepts.tolist() == images[0].rows[
            'concepts'][kept].tolist()
        if len(kept) < 3:
            return
    raise AssertionError('nothing was cropped')


def test_an_image_without_regions(labels):
    regions = packed(labels[0], dict(type='Resize', scale=(50, 50)),
                     image_id=1).gt_instances
    assert len(regions) == 0 and regions.concepts.shape == (0, 3)


def test_images_that_have_no_labels(tmp_path):
    write_labels(tmp_path / 'a.json', skipped=[8])
    step = LoadRegionLabels(tmp_path / 'a.json')
    assert step(sample(8)) is None
    with pytest.raises(ValueError, match="no image with the id '0', nor "
                       'was it skipped .* of another data set.*remove this '
                       'file and run tools/label_regions.py again'):
        step(sample('0'))


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'no file .*a\.index\.jsonl, '
                       r'which belongs to .*a\.json'):
        LoadRegionLabels(tmp_path / 'a.json')


def test_labels_of_shards(tmp_path):
    for number in range(3):
        write_labels(tmp_path / f'{number}.json', (number, 1))
    step = LoadRegionLabels(tmp_path / '{shard}.json')
    for number in (0, 1, 1, 2, 0):
        found = step(sample(shard=f'{number}.tar'))
        assert len(found['gt_bboxes']) == number
    assert step._open.cache_info().currsize == 2
    assert step._open.cache_info().misses == 4
    with pytest.raises(ValueError, match='samples are of no tar shards'):
        step(sample())


def test_shards_of_one_name(tmp_path):
    """Of two folders, or with two endings: they would share labels."""
    write_labels(tmp_path / 'x.json')
    step = LoadRegionLabels(tmp_path / '{shard}.json')
    step.check_shards(['file:///a/x.tar'])
    for other in ('file:///b/x.tar', 'https://host/x.tar.gz'):
        with pytest.raises(ValueError, match=f'file:///a/x.tar and {other} '
                           'would have the same file of labels, .* rename '
                           'one and label it again, or use them apart'):
            step.check_shards(['file:///a/x.tar', other])


def test_shards_whose_labels_do_not_go_together(tmp_path):
    """Said when the data set is made, not when their turn comes."""
    shards = ['file:///a/x.tar', 'file:///a/y.tar']
    write_labels(tmp_path / 'x.json')
    step = LoadRegionLabels(tmp_path / '{shard}.json')
    write_labels(tmp_path / 'y.json', k=2)
    with pytest.raises(ValueError, match='x.json have the 3 best of .* '
                       'concepts, those of .*y.json the 2 of'):
        step.check_shards(shards)
    write_labels(tmp_path / 'y.json', names=NAMES[::-1])
    with pytest.raises(ValueError, match='y.json .*, which are others: '):
        step.check_shards(shards)
    write_labels(tmp_path / 'y.json')
    step.check_shards(shards)
    assert step.pools == [(str(tmp_path / 'x.json'), pool_digest(NAMES))]
    (tmp_path / 'y.npy').unlink()
    with pytest.raises(FileNotFoundError, match=r'no file .*y\.npy'):
        step.check_shards(shards)


def test_one_file_for_several_shards(labels):
    step = LoadRegionLabels(labels[0])
    step.check_shards(['file:///a/x.tar'])
    with pytest.raises(ValueError, match=r'a.json. is one file for 2 tar '
                       r'shards, .* put \{shard\} into it'):
        step.check_shards(['file:///a/x.tar', 'file:///a/y.tar'])


@pytest.mark.parametrize('path', ['0.jpg', '/elsewhere/0.jpg'])
def test_an_image_of_the_same_name(labels, path):
    assert len(packed(labels[0], img_path=path).gt_instances) == 3


@pytest.mark.parametrize('path', ['1.jpg', 'images/0.png'])
def test_another_image_of_the_same_id(labels, path):
    with pytest.raises(ValueError, match=f'image 0 is {path}, but its labels '
                       r'in .*a.json are of 0.jpg: .* Change LoadRegionLabels'
                       r'.ann_file, or label .* remove .*a.json, .*a.npy and'):
        packed(labels[0], img_path=path)


def test_an_image_of_another_size(labels):
    """Not the size after resizing, and not the order of the sides."""
    step = dict(type='Resize', scale=(50, 50))
    assert len(packed(labels[0], step).gt_instances) == 3
    for shape, size in (((40, 50, 3), '50 x 40'), ((100, 80), '80 x 100')):
        with pytest.raises(ValueError, match=rf'image 0 \(0.jpg\) has {size} '
                           'pixels, but had 100 x 80 when its regions were '
                           r'labelled, in .*a.json: .* Use .* remove .*a.npy'):
            packed(labels[0], step, img_path='0.jpg', ori_shape=shape)


def test_it_goes_to_other_processes(labels):
    step = pickle.loads(pickle.dumps(LoadRegionLabels(labels[0])))
    assert len(step(sample())['gt_bboxes']) == 3
    assert repr(step) == f"LoadRegionLabels(ann_file='{labels[0]}')"


def test_packing_what_has_no_labels():
    with pytest.raises(ValueError, match="put dict.type='LoadRegionLabels'"):
        PackRegionLabels()(sample())
