"""What region labels depend on is compared, and nothing else."""
import copy
from functools import lru_cache

import pytest
from mmengine.config import Config
from nano_pretraining import build_pretrainer, pretrainer_model
from pretraining_leaves import leaf

from regionclip_mm.apis.label_job import differences, job_of

MODEL = 'model.proposal_source'


@pytest.fixture(scope='module')
def pretrainer():
    return build_pretrainer()


def leaf_with(**changes):
    """The recipe of CC3M, at its full size; it is not built here."""
    cfg = copy.deepcopy(read())
    cfg.merge_from_dict(changes)
    return cfg


@lru_cache(None)
def read():
    return Config.fromfile(leaf('rn50_rpn_cc3m'))


@pytest.mark.parametrize('key, value', [
    (f'{MODEL}.rpn.test_cfg.rpn.nms.iou_threshold', 0.91),
    (f'{MODEL}.rpn.test_cfg.rpn.max_per_img', 77),
    (f'{MODEL}.inference_dtype', 'bfloat16'),
    (f'{MODEL}.type', 'GridProposals'),
    ('model.teacher.roi_head.bbox_roi_extractor.roi_layer.sampling_ratio', 9),
    ('model.teacher_dtype', 'float16'),
    ('model.data_preprocessor.mean', [99.5, 1., 1.]),
    ('label_pipeline', [dict(type='Resize', scale=(900, 600))]),
    ('train_dataloader.dataset.shards', 'x/*.tar'),
])
def test_what_labels_depend_on(key, value, pretrainer):
    before, after = (job_of(leaf_with(**change), pretrainer)
                     for change in ({}, {key: value}))
    found = differences(before, after)
    assert found and all(line.startswith(key) for line in found)
    assert str(value) in found[0] or isinstance(value, list)


@pytest.mark.parametrize('key, value', [
    ('model.teacher.init_cfg', dict(checkpoint='elsewhere.pth')),
    ('model.teacher.roi_head.bbox_head.cls_predictor_cfg.vocabulary.path',
     'a.pth'),
    ('model.num_regions', 7),
    ('train_dataloader.dataset.pipeline', []),
])
def test_what_they_do_not_depend_on(key, value, pretrainer):
    before, after = (job_of(leaf_with(**change), pretrainer)
                     for change in ({}, {key: value}))
    assert differences(before, after) == []


def test_weights_and_concepts_are_known_by_their_contents(pretrainer):
    cfg = leaf_with()
    other = build_pretrainer(pretrainer_model(
        dict(type='RandomProposals')), seed=1)
    [line] = differences(job_of(cfg, pretrainer), job_of(cfg, other))
    assert line.startswith('teacher.weights_sha256 (')


@pytest.mark.parametrize('theirs, ours, found', [
    ({}, dict(a=None), ['a (nothing there, None here)']),
    (dict(a=(1, 2)), dict(a=[1, 2]), []),
    (dict(a=[1, 2]), dict(a=[1]), ['a.1 (2 there, nothing here)']),
    (dict(a={}), dict(a=[]), ['a ({} there, [] here)']),
])
def test_differences(theirs, ours, found):
    assert differences(theirs, ours) == found
