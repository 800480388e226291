"""tools/test.py names the command or the key behind a missing file."""
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = 'projects/emoji_world'
COCO = 'configs/zeroshot/regionclip_rn50_gt_coco-ovd.py'


@pytest.fixture
def keys_of(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / 'tools'))
    import _mmdet

    def of(message, *options):
        monkeypatch.setattr(sys, 'argv', [
            'test.py', COCO, 'checkpoint.pth', '--work-dir', 'x',
            *(['--cfg-options', *options] if options else [])])
        return _mmdet.keys_of(message, _mmdet.read_config(str(ROOT / COCO)))
    return of


def test_scenes_that_are_not_written_yet(tmp_path):
    done = subprocess.run(
        [sys.executable, 'tools/test.py',
         f'{PROJECT}/configs/regionclip_nano.py',
         f'{PROJECT}/weights/regionclip_nano.pth', '--work-dir',
         str(tmp_path), '--cfg-options',
         f'test_dataloader.dataset.data_root={tmp_path}/'],
        cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert f'python {PROJECT}/tools/make_scenes.py' in done.stderr
    assert 'test_dataloader.dataset.ann_file of projects' in done.stderr
    assert 'Traceback' not in done.stderr


def test_weights_to_start_from_that_are_not_there(tmp_path):
    config = tmp_path / 'c.py'
    config.write_text(f"""_base_ = '{ROOT}/{PROJECT}/configs/transfer_nano.py'
load_from = 'no/weights.pth'
train_dataloader = dict(dataset=dict(
    _delete_=True, type='EmojiCaptionDataset'))
""")
    done = subprocess.run(
        [sys.executable, 'tools/train.py', str(config), '--work-dir',
         str(tmp_path)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-2:] == [
        'error: no/weights.pth can not be found.',
        f'load_from of {config} names this file. docs/datasets.md tells where '
        'the files of COCO and LVIS come from, docs/transfer.md where your '
        'own and the weights to start from; for a file in another place, '
        '--cfg-options KEY=PATH']


def test_an_extraction_that_cannot_be(tmp_path):
    command = [sys.executable, 'tools/extract_proposals.py',
               f'{PROJECT}/configs/regionclip_nano.py',
               f'{PROJECT}/weights/regionclip_nano.pth']
    for words, said in (
            ([str(tmp_path)], 'is in the way'),
            ([str(tmp_path / 'p.pkl'), '--loader', 'train'],
             'regionclip_nano.py has no train_dataloader; it has those of: '
             'test (--loader)')):
        done = subprocess.run([*command, *words], cwd=ROOT, text=True,
                              capture_output=True)
        assert done.returncode == 1 and said in done.stderr
        assert 'Traceback' not in done.stderr


def test_keys_that_name_a_file(keys_of):
    path = 'data/coco/annotations/ovd_ins_val2017_all.json'
    assert keys_of(f'there is no file {path}')[-2:] == [
        'test_dataloader.dataset.ann_file', 'test_evaluator.ann_file']
    assert keys_of('there is no file /x/y.json') == []
    assert keys_of('there is no file /x/y.json',
                   'test_dataloader.dataset.data_root=/x/',
                   'test_dataloader.dataset.ann_file=y.json') == [
                       'test_dataloader.dataset.ann_file']


def test_weights_that_are_none(tmp_path):
    (tmp_path / 'weights.pth').write_text('<html>404</html>')
    done = subprocess.run(
        [sys.executable, 'tools/train.py',
         f'{PROJECT}/configs/transfer_nano.py', '--work-dir', str(tmp_path),
         '--cfg-options',
         f'model.text_encoder.checkpoint={tmp_path}/weights.pth'],
        cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith('error: ')
    assert 'weights.pth is a text file' in done.stderr
    assert 'Traceback' not in done.stderr
