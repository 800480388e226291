"""Each released layout, at full size, through the shipped configs.

The tensors are single numbers spread over the real shapes, so that a whole
RN50x4 takes no memory and every key can be followed to its place.
"""
import functools
import json
import re
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from regionclip_mm.checkpoint import (CheckpointError, WeightFile,
                                      convert_detector, model_layout)

ROOT = Path(__file__).parents[2]
DATA = ROOT / 'tests' / 'data' / 'parity'
ZEROSHOT = {
    f'coco_zsinf_{kind}_{arch}': f'regionclip_{arch}_{kind}_coco-ovd'
    for kind in ('gt', 'rpn') for arch in ('rn50', 'rn50x4')
}
EMBEDDINGS = {'cls_score', 'cls_bg_score', 'test_cls_score'}


def model_of(config):
    path = ROOT / 'configs' / 'zeroshot' / f'{config}.py'
    return Config.fromfile(path).model


def with_rpn(model, fragment):
    path = ROOT / 'configs' / '_base_' / 'proposals' / f'{fragment}.py'
    model.proposal_source = dict(type='RPNProposals',
                                 rpn=Config.fromfile(path).rpn)
    return model


def transfer(arch, masks):
    """The OVD detectors: box deltas, C4 RPN; LVIS: masks, LSJ RPN."""
    model = model_of(f'regionclip_{arch}_rpn_coco-ovd')
    model.roi_head.bbox_head.with_reg = True
    if not masks:
        return with_rpn(model, 'rpn_r50_c4_coco48')
    model.roi_head.mask_head = dict(
        type='FCNMaskHead', num_convs=0, num_classes=1203,
        in_channels=dict(rn50=2048, rn50x4=2560)[arch],
        conv_out_channels=256, class_agnostic=True)
    return with_rpn(model, 'rpn_r50_fpn_lvis866_lsj')


def pretraining():
    path = ROOT / 'configs/pretrain/regionclip_rn50_rpn_cc3m.py'
    return Config.fromfile(path).model


MODELS = {name: lambda c=config: model_of(c)
          for name, config in ZEROSHOT.items()}
MODELS.update(
    coco_ovd_rn50=lambda: transfer('rn50', False),
    coco_ovd_rn50x4=lambda: transfer('rn50x4', False),
    lvis_ovd_rn50=lambda: transfer('rn50', True),
    lvis_ovd_rn50x4=lambda: transfer('rn50x4', True),
    pretrain_rn50=pretraining)


@functools.lru_cache(maxsize=None)
def layout_of(name):
    return model_layout(MODELS[name]())


def same(ours, theirs):
    """Equal numbers, equal shapes (all elements of a tensor are equal)."""
    return ours.shape == theirs.shape and number(ours) == number(theirs)


def number(tensor):
    return tensor.flatten()[0].item()


def released(name):
    """Files of a manifest: main and RPN, each key with a number of its own."""
    text = (DATA / f'manifest_{name}.json').read_text()
    files = dict(main={}, rpn={})
    for number, entry in enumerate(json.loads(text)['state_dict'].values()):
        files[entry['file']][entry['file_key']] = torch.tensor(
            float(number)).expand(entry['shape'])
    return files


def run(name, change=None, **kwargs):
    files = released(name)
    if change:
        change(files)
    rpn = files['rpn'] and WeightFile(Path('rpn.pth'), files['rpn'])
    return convert_detector(layout_of(name),
                            WeightFile(Path('main.pth'), files['main']),
                            rpn or None, **kwargs)


@pytest.mark.parametrize('name', MODELS)
def test_every_key_is_accounted_for(name):
    files, layout = released(name), layout_of(name)
    state, reports = run(name)
    assert set(state) == set(layout)
    seen = [key for r in reports
            for key in r.used + sum(r.ignored.values(), [])]
    assert sorted(seen) == sorted([*files['main'], *files['rpn']])
    made_up = [key for r in reports for keys in r.added.values()
               for key in keys]
    assert all(key.endswith('num_batches_tracked') for key in made_up)
    left_out = sum((keys for r in reports for keys in r.ignored.values()), [])
    assert {key.split('.')[0] for key in left_out} <= {
        'roi_heads', 'teacher_backbone'}
    if 'ovd' in name:
        assert all(key.split('.')[2] in EMBEDDINGS for key in left_out)


@pytest.mark.parametrize('name', ['lvis_ovd_rn50', 'coco_ovd_rn50x4'])
def test_no_value_is_lost_or_doubled(name):
    files = released(name)
    state, reports = run(name)
    values = [number(v) for k, v in state.items()
              if not k.endswith('num_batches_tracked')]
    used = {key for r in reports for key in r.used}
    both = {**{('m', k): v for k, v in files['main'].items()},
            **{('r', k): v for k, v in files['rpn'].items()}}
    theirs = [number(v) for (_, k), v in both.items()
              if k in used and not k.endswith('num_batches_tracked')]
    assert sorted(values) == sorted(theirs)


PLACES = [
    ('lvis_ovd_rn50', 'main', 'backbone.layer4.0.downsample.1.running_var',
     'roi_head.shared_head.layer4.0.downsample.1.running_var'),
    ('lvis_ovd_rn50', 'main', 'backbone.layer3.5.bn3.bias',
     'backbone.layer3.5.bn3.bias'),
    ('lvis_ovd_rn50', 'main', 'backbone.attnpool.c_proj.weight',
     'roi_head.bbox_head.region_pool.c_proj.weight'),
    ('lvis_ovd_rn50', 'main', 'roi_heads.box_predictor.bbox_pred.bias',
     'roi_head.bbox_head.fc_reg.bias'),
    ('lvis_ovd_rn50', 'main', 'roi_heads.mask_head.deconv.weight',
     'roi_head.mask_head.upsample.weight'),
    ('lvis_ovd_rn50', 'main', 'roi_heads.mask_head.predictor.bias',
     'roi_head.mask_head.conv_logits.bias'),
    ('lvis_ovd_rn50', 'rpn', 'backbone.fpn_lateral2.norm.running_mean',
     'proposal_source.rpn.neck.lateral_convs.0.bn.running_mean'),
    ('lvis_ovd_rn50', 'rpn', 'backbone.fpn_output5.weight',
     'proposal_source.rpn.neck.fpn_convs.3.conv.weight'),
    ('lvis_ovd_rn50', 'rpn', 'backbone.bottom_up.res5.0.shortcut.norm.weight',
     'proposal_source.rpn.backbone.layer4.0.downsample.1.weight'),
    ('lvis_ovd_rn50', 'rpn', 'backbone.bottom_up.res2.2.conv3.weight',
     'proposal_source.rpn.backbone.layer1.2.conv3.weight'),
    ('lvis_ovd_rn50', 'rpn', 'proposal_generator.rpn_head.conv.conv1.bias',
     'proposal_source.rpn.bbox_head.rpn_conv.1.conv.bias'),
    ('coco_ovd_rn50', 'rpn', 'backbone.stem.conv1.norm.running_var',
     'proposal_source.rpn.backbone.bn1.running_var'),
    ('coco_ovd_rn50', 'rpn', 'proposal_generator.rpn_head.anchor_deltas.bias',
     'proposal_source.rpn.bbox_head.rpn_reg.bias'),
    ('coco_ovd_rn50', 'rpn',
     'proposal_generator.rpn_head.objectness_logits.weight',
     'proposal_source.rpn.bbox_head.rpn_cls.weight'),
]


@pytest.mark.parametrize('name, file, theirs, ours', PLACES)
def test_places(name, file, theirs, ours):
    value = released(name)[file][theirs]
    assert same(run(name)[0][ours], value)


def test_rpn_inside_the_main_file():
    def merge(files):
        files['main'].update(
            {f'offline_{k}': v for k, v in files['rpn'].items()})
        files['main'].update(offline_pixel_mean=torch.ones(3, 1, 1))
        files['rpn'].clear()
    merged, reports = run('coco_ovd_rn50', merge)
    apart, _ = run('coco_ovd_rn50')
    assert all(same(merged[key], apart[key]) for key in apart)
    assert ['pixel_mean'] in [v for r in reports for v in r.ignored.values()]


def test_an_rpn_file_replaces_the_one_inside():
    def copy(files):
        files['main'].update({f'offline_{k}': v + 1
                              for k, v in files['rpn'].items()})
    state, reports = run('coco_ovd_rn50', copy)
    apart, _ = run('coco_ovd_rn50')
    assert all(same(state[key], apart[key]) for key in apart)
    assert len(reports[0].ignored['replaced by --rpn']) == 221


def test_second_stage_of_an_rpn_file_is_left_out():
    def add(files):
        files['rpn'].update({
            'roi_heads.box_head.fc1.weight': torch.ones(1),
            'pixel_mean': torch.ones(3, 1, 1),
            'proposal_generator.anchor_generator.cell_anchors.0': torch.ones(1)
        })
    _, reports = run('coco_zsinf_rpn_rn50', add)
    assert len(sum(reports[1].ignored.values(), [])) == 3


def test_text_tower_from_a_clip_file():
    clip = {key[len('lang_encoder.'):]: value for key, value
            in released('pretrain_rn50')['main'].items()
            if key.startswith('lang_encoder.')}
    name = 'coco_zsinf_rpn_rn50'
    files, layout = released(name), layout_of('pretrain_rn50')
    main = WeightFile(Path('main.pth'), files['main'])
    rpn = WeightFile(Path('rpn.pth'), files['rpn'])
    state, reports = convert_detector(layout, main, rpn,
                                      WeightFile(Path('clip.pt'), clip))
    assert set(state) == set(layout)
    state, reports = convert_detector(layout, main, rpn)
    text = {key for key in layout if key.startswith('text_encoder.')}
    assert set(layout) - set(state) == text
    assert '--clip adds one' in str(reports[-1])


def drop(file, key):
    return lambda files: files[file].pop(key)


def put(file, key, *shape):
    return lambda files: files[file].update({key: torch.ones(shape)})


@pytest.mark.parametrize('name, change, message', [
    ('coco_ovd_rn50', drop('main', 'backbone.bn1.running_var'),
     'main.pth .*1 missing: backbone.bn1.running_var'),
    ('coco_ovd_rn50', put('main', 'backbone.layer2.7.conv1.weight', 1),
     '1 surplus: backbone.layer2.7.conv1.weight'),
    ('coco_ovd_rn50', put('main', 'roi_heads.box_predictor.bbox_pred.bias', 8),
     r'1 misshapen: .*bbox_pred.bias is \(8,\), .*fc_reg.bias needs \(4,\)'),
    ('coco_ovd_rn50', drop('rpn', 'backbone.stem.conv1.norm.running_mean'),
     'rpn.pth .*1 missing: backbone.bn1.running_mean'),
    ('coco_ovd_rn50', put('rpn', 'backbone.fpn_lateral2.weight', 1),
     '1 surplus: backbone.fpn_lateral2.weight'),
    ('coco_zsinf_rpn_rn50', lambda files: files['rpn'].clear(),
     'main.pth has no weights of one: give its file, --rpn'),
    ('coco_zsinf_rpn_rn50', lambda files: files.update(
        rpn=released('coco_ovd_rn50')['rpn']),
     'looks like a ResNet-C4 .* is a ResNet with FPN and 1 convolution '),
    ('coco_zsinf_rpn_rn50', lambda files: files.update(
        rpn=released('lvis_ovd_rn50')['rpn']),
     'with norms in the FPN and 2 convolutions in the head'),
    ('coco_zsinf_gt_rn50', lambda files: files.update(
        main=released('coco_zsinf_gt_rn50x4')['main']),
     'looks like rn50x4, the config asks for rn50 '),
    ('coco_zsinf_rpn_rn50', lambda files: files.update(main=files['rpn']),
     'looks like an RPN: give it as --rpn'),
])
def test_wrong_files_are_explained(name, change, message):
    with pytest.raises(CheckpointError) as error:
        run(name, change)
    assert re.search(message, str(error.value).replace('\n', ' '))
