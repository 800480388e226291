"""Of label_pipeline, steps that would spoil labels are refused by name."""
import copy
from pathlib import Path

import pytest
from mmcv.transforms import BaseTransform
from mmengine.config import Config
from nano import ROOT

from mmdet.datasets.transforms import PackDetInputs, Rotate
from mmdet.registry import TRANSFORMS
from mmdet.utils import register_all_modules
from regionclip_mm.apis.label_pipeline import check_label_pipeline

register_all_modules()

CONFIGS = sorted(path for pattern in (
    'configs/pretrain/*.py', 'projects/emoji_world/configs/pretrain_*.py')
    for path in Path(ROOT).glob(pattern))
LOAD, RESIZE, PACK = (dict(type='LoadEncodedImage'),
                      dict(type='Resize', scale=(96, 96)),
                      dict(type='PackDetInputs'))
BROADCASTER = dict(type='ProposalBroadcaster', transforms=[RESIZE])


class MyRotate(Rotate):
    """Not looked into, as other steps of the user's modules."""


class MyPack(PackDetInputs):
    """For data of another kind."""


class MyLoading(BaseTransform):
    """Which this package does not know as one."""


def check(*pipeline):
    check_label_pipeline(list(pipeline), 'a.py')


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_shipped_configs(path):
    check_label_pipeline(Config.fromfile(path).label_pipeline, str(path))


@pytest.mark.parametrize('pipeline', [
    (LOAD, PACK),
    (dict(type='RandomCaption'), LOAD, RESIZE, PACK),
    (dict(type='LoadImageFromFile'), dict(type='LoadProposals'),
     dict(type='LoadAnnotations', with_bbox=True), BROADCASTER, PACK),
    (dict(type='mmcv.LoadImageFromFile'),
     dict(type='mmdet.FixScaleResize', scale=(96, 96)), PACK),
    (LOAD, dict(type='ResizeShortestEdge', scale=96), PACK),
    (LOAD, dict(type=MyRotate), dict(type=MyPack)),
    (dict(type=MyLoading), RESIZE, PACK),
    (dict(type=TRANSFORMS.get('LoadEncodedImage')), PACK)])
def test_what_is_allowed(pipeline):
    before = copy.deepcopy(pipeline)
    check(*pipeline)
    assert before == pipeline


@pytest.mark.parametrize('name', [
    'Rotate', 'ShearX', 'RandomChoiceResize', 'RandomResize', 'RandomFlip',
    'RandomCrop', 'Pad', 'PhotoMetricDistortion', 'RandomApply', 'Mosaic',
    'mmpretrain.ColorJitter', 'mmcv.RandomGrayscale', 'FixShapeResize',
    'TestTimeAug', 'Compose'])
def test_steps_that_may_change_images(name):
    last = name.rpartition('.')[2]
    with pytest.raises(ValueError, match=rf'^a.py: label_pipeline.1 \({last}\)'
                       ' may change images by chance, .* there may be .*'
                       'LoadProposals, Resize, .*: leave it out'):
        check(LOAD, dict(type=name), PACK)


@pytest.mark.parametrize('pipeline, message', [
    (None, 'a.py has no label_pipeline: set it to'),
    ([], 'a.py has no label_pipeline: set it to'),
    ('Resize', "label_pipeline='Resize' should be a list of steps"),
    (LOAD, "label_pipeline={'type': .* should be a list of steps"),
    (['Resize', PACK], "label_pipeline.0='Resize' should be a dict with a "),
    ([LOAD, dict(scale=3), PACK], r"label_pipeline.1={'scale': 3} should be"),
    ([LOAD, None], 'label_pipeline.1=None should be a dict'),
    ([LOAD, dict(type='Resise'), PACK],
     "label_pipeline.1.type='Resise' is not known: is 'Resize' meant"),
    ([LOAD, dict(type='Qqqqq'), PACK], "'Qqqqq' is not known: add the module"),
    ([LOAD, dict(type=3), PACK], 'type=3 is not known'),
    ([LOAD, RESIZE], r'label_pipeline.1 \(Resize\) is the last step, which '
     "must pack the sample: put type='PackDetInputs' behind it"),
    ([LOAD, PACK, RESIZE], r'label_pipeline.1 \(PackDetInputs\) packs the '
     'sample, after which nothing can follow'),
    ([LOAD, PACK, PACK], 'after which nothing can follow'),
    ([RESIZE, LOAD, PACK], r'label_pipeline.0 \(Resize\) needs an image, which'
     " no step before it loads: begin with type='LoadEncodedImage'"),
    ([dict(type='RandomCaption'), PACK], r'1 \(PackDetInputs\) needs an imag'),
    ([LOAD, dict(BROADCASTER, transforms=[dict(type='RandomFlip')]), PACK],
     r'label_pipeline.1.transforms.0 \(RandomFlip\) may change'),
    ([LOAD, dict(type='ProposalBroadcaster'), PACK],
     'label_pipeline.1.transforms=None should be a list'),
    ([dict(type='LoadRegionLabels'), LOAD, PACK], r'label_pipeline.0 \(Load'
     r'RegionLabels\) is of a training with labels, which are to be written'),
    ([LOAD, dict(type='PackRegionLabels')], "take type='PackDetInputs' in"),
])
def test_what_is_no_label_pipeline(pipeline, message):
    with pytest.raises(ValueError, match=message):
        check_label_pipeline(pipeline, 'a.py')
