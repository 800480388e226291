"""The shipped recipes of pretraining from data to detector, with nano models.

Sizes are in test_training_sweep.py; here are resuming, several processes,
offline pretraining and what becomes of the checkpoint.
"""
import runpy
import sys
from functools import partial
from pathlib import Path

import pytest
import torch
from fake_clip import openai_state
from mmengine.config import Config
from mmengine.runner import load_checkpoint
from nano import ROOT, make_vocabulary
from nano_pretraining import CONCEPTS
from nano_training import distance
from pretraining_leaves import IMAGES, leaf, make_nano, nano_leaf
from toy_training import ToyPause, differences, final, train

from mmdet.registry import MODELS
from regionclip_mm.apis.offline_config import offline_config
from regionclip_mm.checkpoint import (convert_detector, model_layout,
                                      open_weights)
from regionclip_mm.checkpoint.layouts import part
from regionclip_mm.io.region_label_reader import RegionLabels
from regionclip_mm.io.safe_load import WeightFile

LABELS = dict(coco='data/labels/coco.json',
              cc3m='data/labels/cc3m/{shard}.json')
NAMES = dict(coco='rn50_rpn_coco-captions', cc3m='rn50_rpn_cc3m')
LOSSES = ('loss_region_distill', 'loss_concept_contrastive',
          'loss_img_txt_level')


def die_in_step(step):
    """The process ends there, as if it were killed."""
    def before_train_iter(self, runner, *args, **kwargs):
        if runner.iter == step:
            raise SystemExit(f'killed in step {step}')
    ToyPause.before_train_iter = before_train_iter


def trained(cfg, processes=1):
    """What a run printed, losses and AP among it."""
    printed = train(cfg, processes=processes)
    for name in (*LOSSES, 'coco/novel_ap50', 'kept'):
        assert f'{name}: ' in printed, name
    assert 'do not match exactly' not in printed  # of either checkpoint
    assert 'requires_grad' not in printed and 'skipped' not in printed
    assert not any('teacher' in key for key in final(cfg)['state_dict'])
    return printed


def resumed(make):
    """Trained with and without an interruption, the same."""
    whole = make(steps=3)
    trained(whole)
    cfg = make(steps=3, work_dir=f'{whole.work_dir}_killed')
    cfg.custom_hooks.append(dict(type='ToyPause'))
    train(cfg, partial(die_in_step, 2), fails=True)
    cfg.resume = True
    train(cfg)
    assert differences(final(whole), final(cfg)) == []


@pytest.mark.parametrize('kind', LABELS)
def test_offline_leaf_is_the_online_one_with_other_parts(kind):
    online, offline = (Config.fromfile(leaf(NAMES[kind] + end))
                       for end in ('', '_offline'))
    written = offline_config(online, LABELS[kind])
    assert offline.to_dict() == written.to_dict()


@pytest.mark.parametrize('kind, processes', [('coco', 1), ('cc3m', 2)])
def test_labelled_then_trained_offline(kind, processes, tmp_path):
    """With the commands that the leaf begins with."""
    main = runpy.run_path(str(ROOT / 'tools/label_regions.py'))['main']
    nano_leaf(NAMES[kind], tmp_path).dump(tmp_path / 'online.py')
    out = tmp_path / Path(LABELS[kind]).name
    main([str(tmp_path / 'online.py'), str(out), '--regions', '20',
          '--top-k', '3', '--batch-size', '2', '--device', 'cpu'])
    labels = [RegionLabels(path) for path in sorted(tmp_path.glob(
        'coco.json' if kind == 'coco' else 'cc.?.json'))]
    assert len(labels) == processes  # a shard for each
    for one in labels:
        assert len(one.images) == IMAGES and len(one) == 20 * IMAGES
        assert one.images[0]['captions'] == ['a cat and a dog']
    make = partial(nano_leaf, NAMES[kind] + '_offline', tmp_path)
    resumed(make) if kind == 'coco' else trained(make(), processes)


def test_shards_that_were_labelled_with_another_pool(tmp_path):
    """Told before any of them is read."""
    main = runpy.run_path(str(ROOT / 'tools/label_regions.py'))['main']
    nano_leaf(NAMES['cc3m'], tmp_path).dump(tmp_path / 'online.py')
    main([str(tmp_path / 'online.py'), str(tmp_path / '{shard}.json'),
          '--device', 'cpu'])
    make_vocabulary((*CONCEPTS[:-1], 'zebra')).save(tmp_path / 'pool.pth')
    printed = train(nano_leaf(NAMES['cc3m'] + '_offline', tmp_path),
                    fails=True)
    assert 'check_data' in printed and "is 'zebra' here and " in printed


@pytest.fixture(scope='module')
def online(tmp_path_factory):
    """A run with a teacher, resumed; on tar shards."""
    folder = tmp_path_factory.mktemp('online')
    resumed(partial(nano_leaf, 'rn50_rpn_cc3m', folder))
    return folder


def test_its_checkpoint_is_a_zero_shot_detector(online):
    """As it is, with words too."""
    cfg = Config.fromfile(
        ROOT / 'configs/zeroshot/regionclip_rn50_rpn_coco-ovd.py')
    cfg.model.text_encoder = dict(type='CLIPTextEncoder', arch='rn50')
    make_nano(cfg.model)
    detector = MODELS.build(cfg.model)
    load_checkpoint(detector, f'{online}/work/iter_3.pth', 'cpu', strict=True)
    detector.set_vocabulary(['cat'])


def test_a_transfer_begins_with_it(online):
    """Another RPN takes the place of its own; box deltas are new."""
    model = Config.fromfile(
        ROOT / 'configs/transfer/regionclip_rn50_c4-rpn_coco-ovd.py').model
    rpn = model.proposal_source.rpn
    model.text_encoder = dict(type='CLIPTextEncoder', arch='rn50')
    make_nano(model)
    model.proposal_source.rpn = rpn  # the R50-C4 of 48 classes
    layout = model_layout(model)
    weights = WeightFile(Path('rpn.pth'), {
        key: torch.ones(shape) for key, shape in model_layout(rpn).items()})
    trained = open_weights(f'{online}/work/iter_3.pth')
    state, (main, *_) = convert_detector(layout, trained, weights,
                                         for_training=True)
    assert {key for key in layout if key not in state} == {
        'roi_head.bbox_head.fc_reg.weight', 'roi_head.bbox_head.fc_reg.bias'}
    kept = [key for key in trained.tensors if key in state
            and not key.startswith('proposal_source')]
    assert len(kept) > 100 and all(
        torch.equal(state[key], trained.tensors[key]) for key in kept)
    assert state['proposal_source.rpn.bbox_head.rpn_cls.bias'].all()
    assert list(main.ignored) == ['replaced by --rpn']


def write_reference(folder: Path) -> None:
    """Files in the layout of the reference: two CLIPs in one, and an RPN."""
    openai = openai_state()
    image = {key.replace('visual.', 'backbone.', 1): value for key, value in
             openai.items() if key.startswith('visual.')}
    text = {f'lang_encoder.{key}': value for key, value in openai.items()
            if not key.startswith('visual.') and key != 'logit_scale'}
    torch.save(dict(model={
        **image, **{f'teacher_{key}': value for key, value in image.items()},
        **text}), folder / 'teacher_student.pth')
    start = torch.load(folder / 'start.pth')['state_dict']
    torch.save(dict(state_dict=part(start, 'proposal_source.rpn.')),
               folder / 'rpn.pth')


def test_it_begins_with_the_reference_s_files(tmp_path, monkeypatch, capsys):
    """With the commands of docs/pretraining.md: one file for both."""
    monkeypatch.syspath_prepend(str(ROOT / 'tools/model_converters'))
    cfg = nano_leaf('rn50_rpn_cc3m', tmp_path)
    cfg.dump(tmp_path / 'leaf.py')
    write_reference(tmp_path)
    monkeypatch.chdir(tmp_path)
    for tool, *args in (
            ('openai_clip', 'teacher_student.pth', 'clip.pth'),
            ('clip_to_detector', 'leaf.py', 'clip.pth', 'rpn.pth',
             'begin.pth')):
        monkeypatch.setattr(sys, 'argv', [tool, *args])
        runpy.run_path(str(ROOT / f'tools/model_converters/{tool}.py'),
                       run_name='__main__')
    assert 'absent' not in capsys.readouterr().out
    cfg.load_from = cfg.model.teacher.init_cfg.checkpoint = str(
        tmp_path / 'begin.pth')
    printed = trained(cfg)
    assert 'acc_concept: 100.0000' in printed  # as long as both are the same
    begun = torch.load('begin.pth')['state_dict']
    assert torch.equal(begun['backbone.conv1.weight'],
                       openai_state()['visual.conv1.weight'].float())


def test_two_processes_with_a_teacher_of_another_leaf(tmp_path):
    """All that is trained has a gradient, or the second step would fail."""
    trained(nano_leaf('rn50_rpn_cc3m_x4-teacher', tmp_path, steps=2), 2)


def test_captions_are_compared_between_processes(tmp_path):
    """Two processes with an image each learn as one with both."""
    found = []
    for processes in (1, 2):
        cfg = nano_leaf(
            NAMES['coco'], tmp_path, steps=2,
            work_dir=f'{tmp_path}/{processes}',
            **{'model.loss_region_distill': None,
               'model.loss_concept_contrastive': None,
               'optim_wrapper.optimizer.lr': 0.5,
               'randomness': dict(seed=0),
               'train_dataloader.batch_size': 2 // processes})
        cfg.train_dataloader.dataset.pipeline[2].scales = [(192, 64)]
        train(cfg, processes=processes)
        found.append(final(cfg)['state_dict'])
    before = torch.load(tmp_path / 'start.pth')['state_dict']
    one, two = ({key: after[key] - before[key] for key in after
                 if not torch.equal(after[key], before[key])}
                for after in found)
    assert len(one) > 20 and distance(one, two) < 1e-3
