"""The shipped weights: small, safe to load, as good as the README says."""
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

import projects.emoji_world.emoji_world  # noqa: F401 (registers)
from projects.emoji_world.emoji_world import measures
from projects.emoji_world.emoji_world.concepts import names
from projects.emoji_world.emoji_world.plans import make_plan
from projects.emoji_world.emoji_world.render import render
from projects.emoji_world.emoji_world.weights import (CLIP_ENCODER, REGIONCLIP,
                                                      need_clip_nano, ship,
                                                      write_clip_nano)
from projects.emoji_world.tools import ship_weights
from projects.emoji_world.tools.make_scenes import write_split
from regionclip_mm.checkpoint import load_weights
from regionclip_mm.io.files import load_plain_file

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ROOT / 'projects' / 'emoji_world'


@pytest.fixture(autouse=True)
def from_the_root(monkeypatch):
    """Configs name the weights relative to the repository."""
    monkeypatch.chdir(ROOT)


@pytest.fixture(scope='module')
def config():
    return Config.fromfile(PROJECT / 'configs' / 'regionclip_nano.py')


@pytest.fixture(scope='module')
def detector(config):
    return measures.load_detector(config, str(REGIONCLIP))


def test_weights_are_small_and_plain():
    assert sum(f.stat().st_size for f in (PROJECT / 'weights').iterdir()
               ) <= 12e6
    assert sum(f.stat().st_size for f in (PROJECT / 'assets').glob(
        'atlas_*.png')) <= 6e6
    parts = {}
    for path in (REGIONCLIP, CLIP_ENCODER):
        content = load_plain_file(path)
        parts[path] = {k.split('.')[0] for k in content['state_dict']}
        assert not any(Path(name).is_absolute()
                       for name in content['meta']['source'])
    assert parts[CLIP_ENCODER] == {'backbone', 'roi_head'}
    assert parts[REGIONCLIP] == {'proposal_source', 'text_encoder',
                                 *parts[CLIP_ENCODER]}


def test_clip_nano_is_made_whole(tmp_path):
    path = tmp_path / 'new' / 'clip_nano.pth'
    write_clip_nano(path)
    whole, shipped, encoder = (load_weights(file).tensors for file in (
        path, REGIONCLIP, CLIP_ENCODER))
    assert set(whole) == set(shipped) > set(encoder)
    for key, value in whole.items():
        assert torch.equal(value, encoder.get(key, shipped[key])), key
        assert (key in encoder) != torch.equal(value, shipped[key]), key


def test_what_is_shipped_goes_in_and_comes_out(tmp_path, monkeypatch):
    """In half precision, which these files are in already."""
    clip = tmp_path / 'clip_nano.pth'
    write_clip_nano(clip)
    monkeypatch.setattr('sys.argv', ['ship_weights.py', str(REGIONCLIP),
                                     str(clip), '--out', str(tmp_path)])
    ship_weights.main()
    for path in (REGIONCLIP, CLIP_ENCODER):
        before, after = (load_weights(file).tensors
                         for file in (path, tmp_path / path.name))
        assert list(before) == list(after)
        assert all(torch.equal(before[key], after[key]) for key in before)
    with pytest.raises(ValueError, match='no weights of the same detector'):
        ship(str(REGIONCLIP), str(CLIP_ENCODER), tmp_path)


def test_clip_nano_that_is_not_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match='clip_nano.pth; write it '
                       'first: python projects/.*/make_scenes.py'):
        need_clip_nano('data/emoji_world/clip_nano.pth')
    # that command would not write these
    need_clip_nano('elsewhere/clip_nano.pth')
    need_clip_nano(None)


def test_clip_nano_of_ones_own_is_kept(tmp_path):
    path = tmp_path / 'clip_nano.pth'
    path.write_bytes(b'trained for an hour')
    write_clip_nano(path)
    assert path.read_bytes() == b'trained for an hour'


def test_config_vocabulary_is_the_datasets_classes(detector):
    assert detector.vocabulary.names == names('base', 'novel')


def test_single_objects_are_named(detector, monkeypatch):
    splits = dict(measures.SPLITS)
    splits['single_dev'] = type(splits['single_dev'])('single', 128)
    monkeypatch.setattr(measures, 'SPLITS', splits)
    assert measures.single_top1(detector, 'single_dev') > 0.7


def test_words_of_a_scene_are_found(detector, config):
    """Half of the COCO objects of some dev scenes, by name and place."""
    from mmcv.ops import bbox_overlaps
    detector.set_vocabulary(names('base', 'novel'))
    found = total = 0
    for index in range(8):
        plan = make_plan('dev', index)
        pred = _detect(detector, render(plan))
        for placed in plan.objects:
            name = names()[placed.concept]
            if name not in names('base', 'novel'):
                continue
            same = [i for i, n in enumerate(pred.label_names) if n == name]
            total += 1
            if same:
                overlap = bbox_overlaps(torch.tensor([placed.box]).float(),
                                        pred.bboxes[same])
                found += bool(overlap.max() > 0.5)
    assert found / total > 0.5


def _detect(detector, image):
    from mmdet.structures import DetDataSample
    sample = DetDataSample(metainfo=dict(
        img_shape=image.shape[:2], ori_shape=image.shape[:2],
        scale_factor=(1.0, 1.0)))
    data = dict(inputs=[torch.from_numpy(image).permute(2, 0, 1)],
                data_samples=[sample])
    with torch.no_grad():
        return detector.test_step(data)[0].pred_instances


def test_boxes_are_named_as_well_with_a_written_split(config, tmp_path,
                                                      monkeypatch):
    from projects.emoji_world.emoji_world.splits import SPLITS, Split
    from projects.emoji_world.tools import make_scenes
    monkeypatch.setitem(SPLITS, 'dev', Split('scene', 20))
    monkeypatch.setattr(make_scenes, 'SPLITS', SPLITS)
    write_split('dev', tmp_path)
    document = json.loads((tmp_path / 'annotations/dev_coco.json').read_text())
    assert len(document['images']) == 20
    gt = Config.fromfile(PROJECT / 'configs' / 'regionclip_nano_gt.py')
    gt.test_dataloader.dataset.data_root = f'{tmp_path}/'
    detector = measures.load_detector(gt, str(REGIONCLIP))
    assert measures.box_top1(detector, gt, 'dev', 'coco')['all'] > 0.5
    ap = measures.average_precision(detector, gt, 'dev', 'coco')
    assert ap['all'] > 0.4


@pytest.mark.slow
@pytest.mark.parametrize('words, said', [
    (['--words', 'cat . pizza . bus'], 'Found, with scores above 0.5: cat '),
    ([], 'zero-shot AP50 with RPN boxes:  base 7')])
def test_demo_says_what_it_found_and_writes_pictures(tmp_path, words, said):
    done = subprocess.run(
        [sys.executable, str(PROJECT / 'demo.py'), *words, '--out',
         str(tmp_path)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert said in done.stdout and 'pictures are in' in done.stdout
    assert ('AP50' in done.stdout) == (not words)
    assert len(list(tmp_path.glob('*.png'))) == 12
