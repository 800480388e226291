"""Anchors, kinds and statistics of offline RPNs."""
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmdet.registry import MODELS
from regionclip_mm.checkpoint import CheckpointError, WeightFile
from regionclip_mm.checkpoint.detector import convert_rpn
from regionclip_mm.checkpoint.frozen_norms import upgrade_frozen_norms
from regionclip_mm.checkpoint.layouts import model_layout
from regionclip_mm.checkpoint.rpn import check_anchor_order, describe_rpn

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / 'tests' / 'data' / 'parity' / 'g7_units.npz'


def fragment(name):
    path = ROOT / 'configs' / '_base_' / 'proposals' / f'{name}.py'
    return Config.fromfile(path).rpn


@pytest.mark.parametrize('name, level, size, golden', [
    ('rpn_r50_c4_coco48', 0, (3, 4), 'anchors_c4'),
    ('rpn_r50_fpn_lvis866', 0, (3, 4), 'anchors_p2'),
    ('rpn_r50_fpn_lvis866_lsj', 1, (2, 2), 'anchors_p3'),
])
def test_anchors_have_the_order_of_the_released_channels(
        name, level, size, golden):
    """Parity: g7_units; (y, x, size, ratio) in exactly this order."""
    init_default_scope('mmdet')
    head = MODELS.build(fragment(name)).bbox_head
    anchors = head.prior_generator.single_level_grid_priors(
        size, level, device='cpu')
    with np.load(GOLDEN) as arrays:
        np.testing.assert_allclose(anchors, arrays[golden], atol=1e-4)


def test_the_wrong_order_of_anchors_is_refused():
    file = WeightFile('rpn.pth', {'proposal_generator.x': torch.ones(1)})
    rpn = fragment('rpn_r50_c4_coco48')
    check_anchor_order(rpn, file)
    rpn.rpn_head.anchor_generator.scale_major = True
    with pytest.raises(CheckpointError, match='scale_major=False'):
        check_anchor_order(rpn, file)
    check_anchor_order(rpn, WeightFile('mmdet.pth', {'rpn_head.x': 0}))
    check_anchor_order(None, file)


def test_mmdet_files_go_through_unchanged():
    rpn = fragment('rpn_r50_fpn_lvis866_lsj')
    layout = model_layout(rpn)
    weights = {key: torch.ones(()).expand(shape)
               for key, shape in layout.items()}
    state, report = convert_rpn(layout, WeightFile('rpn.pth', weights))
    assert state.keys() == weights.keys() and len(report.used) == len(weights)
    # an RPN that was trained inside a two-stage detector
    renamed = {key.replace('bbox_head', 'rpn_head'): value
               for key, value in weights.items()}
    renamed['roi_head.bbox_head.fc_cls.weight'] = torch.ones(1)
    state, report = convert_rpn(layout, WeightFile('rpn.pth', renamed))
    assert state.keys() == weights.keys()
    assert sum(report.ignored.values(), []) == [
        'roi_head.bbox_head.fc_cls.weight']


@pytest.mark.parametrize('prefix', ['backbone.', 'backbone.bottom_up.'])
def test_rpn_on_a_clip_resnet(prefix):
    rpn = fragment('rpn_r50_fpn_lvis866')
    rpn.backbone = dict(type='CLIPResNet', arch='nano',
                        out_indices=(0, 1, 2, 3))
    rpn.neck.in_channels = [80, 160, 320, 640]
    layout = model_layout(rpn)
    theirs = {}
    for key, shape in layout.items():
        for ours, old in (('backbone.', prefix),
                          ('bbox_head.rpn_conv', 'rpn_head.conv'),
                          ('bbox_head.rpn_cls', 'rpn_head.objectness_logits'),
                          ('bbox_head.rpn_reg', 'rpn_head.anchor_deltas')):
            if key.startswith(ours):
                old = f'proposal_generator.{old}' if 'rpn' in ours else old
                key = key.replace(ours, old, 1)
        for i in range(4):
            key = key.replace(f'neck.lateral_convs.{i}.conv',
                              f'backbone.fpn_lateral{i + 2}')
            key = key.replace(f'neck.fpn_convs.{i}.conv',
                              f'backbone.fpn_output{i + 2}')
        if not key.endswith('num_batches_tracked'):
            theirs[key] = torch.ones(()).expand(shape)
    theirs[f'{prefix}attnpool.c_proj.weight'] = torch.ones(1)
    state, report = convert_rpn(layout, WeightFile('rpn.pth', theirs))
    assert state.keys() == layout.keys()
    assert len(sum(report.ignored.values(), [])) == 1
    assert describe_rpn({k: v.shape for k, v in theirs.items()}).startswith(
        'a CLIP ResNet with FPN and 1 conv')


@pytest.mark.parametrize('version, counter, expected', [
    (2, False, 1 - 1e-5), (3, False, 1.0), (2, True, 1.0), (None, False, 1.0)
])
def test_variances_of_old_frozen_norms(version, counter, expected):
    """Parity: only versions below 3 of detectron2's FrozenBatchNorm2d."""
    tensors = {'bn1.running_var': torch.ones(3)}
    if counter:
        tensors['bn1.num_batches_tracked'] = torch.tensor(4)
    versions = {} if version is None else {'bn1': version}
    state = upgrade_frozen_norms(WeightFile('w.pth', tensors, versions))
    assert state['bn1.running_var'].tolist() == pytest.approx([expected] * 3,
                                                              abs=1e-7)
    assert tensors['bn1.running_var'].tolist() == [1.0] * 3
