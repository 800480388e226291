"""Proposals from files: read as data, and complete."""
import json
import os
import pickle

import numpy as np
import pytest
import torch
from coco_files import make_scenes, write_coco, write_images
from mmengine.config import Config
from mmengine.fileio import dump
from mmengine.structures import InstanceData
from nano import ROOT

from mmdet.evaluation import DumpProposals
from mmdet.registry import DATASETS
from regionclip_mm.datasets import ov_dataset

NAMES = ('cat', 'dog')
BOXES = np.array([[1, 2, 30, 40], [5, 5, 9, 9]], np.float32)
SCORES = np.array([0.9, 0.1], np.float32)
KEYS = ['val/100.png', 'val/101.png']
ENTRY = dict(bboxes=BOXES, scores=SCORES)


class Command:
    """Makes a folder when it is unpickled the careless way."""

    def __init__(self, path) -> None:
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path, )


@pytest.fixture
def build(tmp_path):
    """Builds the dataset of two images with a file of proposals."""
    scenes = make_scenes(NAMES, images=2)
    ann_file = write_coco(tmp_path / 'a.json', scenes,
                          {name: i for i, name in enumerate(NAMES)})

    def make(proposals, type='OVCocoDataset', **options):
        if isinstance(proposals, bytes):
            (tmp_path / 'p.pkl').write_bytes(proposals)
        elif proposals is not None:
            dump(proposals, str(tmp_path / 'p.pkl'))
        return DATASETS.build({**dict(
            type=type, ann_file=ann_file, test_mode=True, pipeline=[],
            metainfo=dict(classes=NAMES), data_root=str(tmp_path),
            data_prefix=dict(img='val'), proposal_file='p.pkl'), **options})

    return make


@pytest.mark.parametrize('entry', [
    ENTRY, InstanceData(**ENTRY),
    dict(bboxes=BOXES.astype(np.float64), scores=SCORES[::1]),
    dict(bboxes=BOXES.astype(int), scores=SCORES.astype(np.float16)),
    dict(bboxes=BOXES[:0], scores=SCORES[:0])])
@pytest.mark.parametrize('protocol', [2, 4, 5])
def test_what_can_be_read(build, entry, protocol):
    file = pickle.dumps({key: entry for key in KEYS}, protocol)
    for image in build(file):
        found, count = image['proposals'], len(entry['scores'])
        assert found['bboxes'].dtype == found['scores'].dtype == np.float32
        assert np.array_equal(found['bboxes'], BOXES[:count])
        np.testing.assert_allclose(found['scores'], SCORES[:count], rtol=1e-3)


def test_the_file_of_mmdets_metric(build, tmp_path):
    metric = DumpProposals(str(tmp_path), 'p.pkl')
    metric.process({}, [dict(
        img_path=f'/data/{key}', pred_instances=dict(
            bboxes=torch.tensor(BOXES), scores=torch.tensor(SCORES)))
        for key in KEYS])
    metric.compute_metrics(metric.results)
    for image in build(None):
        assert np.array_equal(image['proposals']['bboxes'], BOXES)


@pytest.mark.parametrize('hide', [
    lambda bad: bad, lambda bad: {key: bad for key in KEYS},
    lambda bad: {**{key: ENTRY for key in KEYS}, 'x': [bad]},
    lambda bad: {key: dict(bboxes=np.array([bad]), scores=SCORES)
                 for key in KEYS}])
def test_code_in_it_does_not_run(build, tmp_path, hide):
    file = pickle.dumps(hide(Command(tmp_path / 'ran')))
    with pytest.raises(ValueError, match='p.pkl was not opened: it asks for '
                       'posix.mkdir'):
        build(file)
    assert not (tmp_path / 'ran').exists()


@pytest.mark.parametrize('type', ['OVCocoDataset', 'OVLVISDataset'])
def test_every_dataset_reads_it_as_data(type):
    assert (DATASETS.get(type).load_proposals
            is ov_dataset.OpenVocabularyMixin.load_proposals)


def test_other_images_of_the_same_names(build):
    """The file says how large its images were."""
    right = dict(ENTRY, size=np.array([96, 128]))
    assert len(build({key: right for key in KEYS})) == 2
    with pytest.raises(ValueError, match='p.pkl: val/101.png has proposals of '
                       'an image of 128 x 100 pixels, the ann_file says 96 x '
                       '128: the file is of other images'):
        build({KEYS[0]: right, KEYS[1]: dict(ENTRY,
                                             size=np.array([128, 100]))})


def test_other_images_do_no_harm(build):
    file = {key: ENTRY for key in [*KEYS, 'val/102.png']}
    assert len(build(file)) == 2


def test_an_image_without_an_entry(build):
    with pytest.raises(ValueError, match='has proposals of 1 images, but of 1 '
                       "of the 2 images .* none: 'val/101.png'. Write the "
                       'file for this dataset: tools/extract_proposals.py'):
        build({KEYS[0]: ENTRY})


def test_images_that_are_filtered_out_need_none(build, tmp_path):
    data = json.loads((tmp_path / 'a.json').read_text())
    data['annotations'] = [item for item in data['annotations']
                           if item['image_id'] == 100]
    (tmp_path / 'a.json').write_text(json.dumps(data))
    assert len(build({KEYS[0]: ENTRY},
                     filter_cfg=dict(filter_empty_gt=True))) == 1


@pytest.mark.parametrize('entry, message', [
    (dict(bboxes=BOXES), '/p.pkl: val/100.png has no scores: proposals are '
     'ranked by their scores'),
    (dict(scores=SCORES), 'val/100.png has no bboxes'),
    (dict(bboxes=BOXES, scores=SCORES[:1]),
     r'bboxes \(2, 4\) and scores \(1,\) should be \(R, 4\)'),
    (dict(bboxes=BOXES[:, :3], scores=SCORES), r'bboxes \(2, 3\) and'),
    (dict(bboxes=BOXES.tolist(), scores=SCORES), 'bboxes should be an array '
     'of numbers, it is list'),
    (dict(bboxes=BOXES.astype(str), scores=SCORES), 'it is <U'),
    (dict(bboxes=BOXES * np.inf, scores=SCORES), 'bboxes are not all finite'),
    (BOXES, 'val/100.png is a ndarray: it needs bboxes and scores')])
def test_entries_that_are_none(build, entry, message):
    with pytest.raises(ValueError, match=message):
        build({key: entry for key in KEYS})


@pytest.mark.parametrize('file, message', [
    (b'', 'p.pkl is damaged or no pickle of arrays .EOFError'),
    (b'{"images": []}', 'p.pkl (is damaged|was not opened)'),
    (pickle.dumps(ENTRY)[:-40], 'p.pkl (is damaged|was not opened)'),
    (pickle.dumps([ENTRY]), 'p.pkl .dataset.proposal_file. holds a list, not '
     'a dictionary with an entry for each image')])
def test_files_of_another_kind(build, file, message):
    with pytest.raises(ValueError, match=message):
        build(file)


def test_no_file(build):
    with pytest.raises(FileNotFoundError, match='There is no file of proposals'
                       ' .*p.pkl .dataset.proposal_file.'):
        build(None)


def test_they_follow_the_objects_through_random_scales_and_flips(build,
                                                                 tmp_path):
    """The shipped pipeline, its steps that move boxes in a broadcaster."""
    shipped = Config.fromfile(
        ROOT / 'configs/_base_/datasets/coco_ovd.py').train_dataloader
    load, annotations, *moves, pack = shipped.dataset.pipeline
    scenes = make_scenes(NAMES, images=2)
    write_images(tmp_path / 'val', scenes)
    dataset = build({key: ENTRY for key in KEYS})
    boxes = {f'val/{image["img_path"][-7:]}': np.array(
        [item['bbox'] for item in image['instances']], np.float32)
        for image in dataset}
    dataset = build({key: dict(bboxes=value, scores=SCORES)
                     for key, value in boxes.items()}, pipeline=[
        load, annotations, dict(type='LoadProposals'),
        dict(type='ProposalBroadcaster', transforms=moves), pack])
    seen = set()
    for index in range(30):
        sample = dataset[index % 2]['data_samples']
        seen.add((sample.img_shape, sample.flip))
        assert torch.allclose(sample.proposals.bboxes,
                              sample.gt_instances.bboxes.tensor, atol=1e-3)
        assert torch.equal(sample.proposals.scores, torch.tensor(SCORES))
    assert len(seen) > 5
