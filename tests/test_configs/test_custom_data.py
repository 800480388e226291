"""docs/transfer.md from the first command to the last, with the nano model.

The user's part is configs/_base_/datasets/custom.py. Sizes and weights are
replaced as well, since nothing can be downloaded here.
"""
import argparse
import copy
import re
import shutil
import sys
from pathlib import Path

import pytest
import torch
from coco_files import make_scenes, write_coco, write_images
from mmengine.config import Config, DictAction
from mmengine.runner import Runner
from nano import ROOT

from regionclip_mm.checkpoint import (convert_openai_clip, detector_from_files,
                                      open_weights, save_checkpoint)

sys.path.insert(0, str(ROOT / 'tests'))
from fake_clip import openai_state  # noqa: E402

TRAIN, TEST = ('lamp', 'rubber duck'), ('rubber duck', 'teapot', 'lamp')
NANO = {
    'models/regionclip_rn50.py': [
        ("arch='rn50'", "arch='nano'"), ('out_channels=1024',
                                         'out_channels=256'),
        ('output_size=14', 'output_size=8')],
    'rpn_training.py': [('_base_.model.backbone.init_cfg', 'None')],
    'proposals/rpn_r50_fpn_lvis866.py': [('nms_pre=1000', 'nms_pre=50')],
    'datasets/pil_pipelines.py': [
        ('scale=800', 'scale=96'), ('(640, 672, 704, 736, 768, 800)',
                                    '(96, 112)')],
    'datasets/custom.py': [('num_workers=2', 'num_workers=0'),
                           ('persistent_workers=True',
                            'persistent_workers=False')],
}
SHORT = {'train_cfg.max_iters': 2, 'train_cfg.val_interval': 2,
         'param_scheduler': [], 'default_hooks.checkpoint.interval': 2}


def substitute(path: Path, changes) -> None:
    text = path.read_text()
    for old, new in changes:
        assert old in text, f'{path}: no {old}'
        text = text.replace(old, new)
    path.write_text(text)


@pytest.fixture(scope='module')
def clip_file(tmp_path_factory):
    """A whole CLIP-nano, converted from OpenAI's names."""
    folder = tmp_path_factory.mktemp('clip')
    torch.save(openai_state(), folder / 'openai.pth')
    state, _, arch = convert_openai_clip(
        open_weights(str(folder / 'openai.pth')))
    save_checkpoint(state, folder / 'clip.pth', dict(arch=arch))
    return str(folder / 'clip.pth')


@pytest.fixture
def work(tmp_path, clip_file):
    """The configs and a small data set; ids with gaps, another order."""
    shutil.copytree(ROOT / 'configs', tmp_path / 'configs')
    base = tmp_path / 'configs/_base_'
    for name, changes in NANO.items():
        substitute(base / name, changes)
    substitute(tmp_path / 'configs/transfer/regionclip_rn50_custom.py', [
        ("arch='rn50'", "arch='nano'"), ('clip://RN50', clip_file)])
    edit_data(tmp_path, [
        ("'data/custom/'", f"'{tmp_path}/data/'"),
        ("train_classes = ('cat', 'dog')", f'train_classes = {TRAIN}'),
        ("test_classes = ('cat', 'dog', 'traffic cone')",
         f'test_classes = {TEST}')])
    (tmp_path / 'data/annotations').mkdir(parents=True)
    scenes = make_scenes(TEST, images=2)
    for part in ('train', 'val'):
        write_images(tmp_path / f'data/{part}', scenes)
        write_coco(tmp_path / f'data/annotations/{part}.json', scenes,
                   {'teapot': 90, 'rubber duck': 3, 'lamp': 41})
    return tmp_path


def edit_data(work: Path, changes) -> None:
    substitute(work / 'configs/_base_/datasets/custom.py', changes)


def load(work: Path, name: str) -> Config:
    cfg = Config.fromfile(work / f'configs/{name}.py')
    cfg.merge_from_dict(SHORT)
    cfg.work_dir = str(work / Path(name).name)
    cfg.experiment_name = f'{work.name}_{Path(name).name}'
    return cfg


def train_rpn(work: Path) -> str:
    Runner.from_cfg(load(work, 'rpn/rpn_custom')).train()
    return str(work / 'rpn_custom/iter_2.pth')


@pytest.mark.parametrize('name', ['rpn/rpn_custom',
                                  'transfer/regionclip_rn50_custom'])
def test_fewer_steps_as_documented(name):
    """The options of docs/transfer.md reach every part of the schedule."""
    page = (ROOT / 'docs/transfer.md').read_text()
    options = re.search(r'CONFIG --cfg-options (.*?)```', page, re.S)[1]
    parser = argparse.ArgumentParser()
    parser.add_argument('--cfg-options', nargs='+', action=DictAction)
    cfg = Config.fromfile(ROOT / f'configs/{name}.py')
    before = copy.deepcopy(cfg.param_scheduler)
    cfg.merge_from_dict(parser.parse_args(
        ['--cfg-options', *options.replace('\\', '').split()]).cfg_options)
    assert cfg.train_cfg.max_iters == 2000
    assert cfg.train_cfg.val_interval == 500
    assert cfg.default_hooks.checkpoint.interval == 500
    assert [one.end for one in before] == [1000, 20000]
    assert [one.end for one in cfg.param_scheduler] == [100, 2000]
    assert [10 * step for step in cfg.param_scheduler[1].milestones
            ] == before[1].milestones


def test_own_data_from_boxes_to_ap(work, clip_file):
    rpn = train_rpn(work)
    cfg = load(work, 'transfer/regionclip_rn50_custom')
    state, _ = detector_from_files(cfg, clip_file, rpn, for_training=True)
    cfg.load_from = str(work / 'start.pth')
    save_checkpoint(state, cfg.load_from, {})
    runner = Runner.from_cfg(cfg)
    runner.train()
    trained = torch.load(work / 'regionclip_rn50_custom/iter_2.pth',
                         weights_only=False)['state_dict']
    kept = [k for k in state if k.startswith('proposal_source')]
    assert kept and all(torch.equal(trained[k], state[k]) for k in kept)
    assert runner.train_dataloader.dataset.cat_ids == [41, 3]
    cfg.load_from = str(work / 'regionclip_rn50_custom/iter_2.pth')
    cfg.experiment_name += '_test'
    result = Runner.from_cfg(cfg).test()
    assert {'coco/base_ap50', 'coco/novel_ap50', 'coco/bbox_mAP_50'} <= set(
        result)


@pytest.mark.parametrize('old, new, message', [
    ("train_classes = ('lamp', 'rubber duck')",
     "train_classes = ('lamp', 'rubber dock')",
     r"'rubber dock' \(nearest: 'rubber duck'\)"),
    ("train_classes = ('lamp', 'rubber duck')",
     "train_classes = ('lamp', 'lamp')",
     "names appear twice.*'lamp'"),
])
def test_mistakes_in_the_class_list(work, old, new, message):
    """Before any weights are loaded, in the words of custom.py."""
    edit_data(work, [(old, new)])
    with pytest.raises(ValueError, match=message):
        train_rpn(work)
