"""What the tools of the project say when a file is missing or another."""
import logging
import runpy
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from mmengine.config import Config

ROOT = Path(__file__).resolve().parents[2]
PROJECT = 'projects/emoji_world'
RPN = f'{PROJECT}/configs/rpn_nano.py'


@pytest.fixture
def error_of(monkeypatch):
    """The line with which a tool ends, if it ends with one."""
    monkeypatch.chdir(ROOT)
    factory = logging.getLogRecordFactory()

    def run(tool, *args):
        monkeypatch.setattr(sys, 'argv', [tool, *args])
        with pytest.raises(SystemExit) as caught:
            runpy.run_path(f'{PROJECT}/tools/{tool}', run_name='__main__')
        return caught.value.code

    with warnings.catch_warnings():
        yield run
    logging.setLogRecordFactory(factory)


@pytest.mark.parametrize('tool, args, message', [
    ('train.py', ['no.py'], 'there is no config file no.py'),
    ('train.py', ['docs'], 'docs is a folder, not a config file'),
    ('train.py', [f'{PROJECT}/configs/_base_/rpn_nano.py'],
     f'the config {PROJECT}/configs/_base_/rpn_nano.py cannot be used, '
     'KeyError: model'),
    ('evaluate.py', ['no.pth'], 'there is no checkpoint no.pth'),
    ('evaluate.py', ['no/clip_nano.pth'],
     'there is no checkpoint no/clip_nano.pth'),
    ('evaluate.py', ['--config', 'no'],
     f'there is no config file {PROJECT}/configs/no.py'),
    ('evaluate.py', ['setup.py', '--only-rpn'],
     'setup.py was not opened, because it is not a plain file of tensors'),
])
def test_mistakes_are_one_line(error_of, tmp_path, tool, args, message):
    if tool == 'train.py':
        args = [*args, '--work-dir', str(tmp_path)]
    assert error_of(tool, *args).startswith(f'error: {message}')


def test_mistakes_before_the_first_step_are_one_line(error_of, tmp_path):
    config = tmp_path / 'c.py'
    config.write_text(f"""_base_ = '{ROOT}/{PROJECT}/configs/transfer_nano.py'
load_from = 'no/weights.pth'
""")
    assert error_of('train.py', str(config), '--work-dir', str(tmp_path)) == (
        'error: there is no checkpoint load_from = no/weights.pth')


def test_missing_files_of_this_world_have_a_hint():
    need = runpy.run_path(f'{ROOT}/{PROJECT}/tools/train.py')['need_scenes']
    with pytest.raises(FileNotFoundError, match=(
            'there is no file data/emoji_world/none/a.json; write the scenes '
            f'first: python {PROJECT}/tools/make_scenes.py')):
        need(Config(dict(data_root='data/emoji_world/',
                         ann_file='none/a.json')))
    need(Config(dict(data_root='elsewhere/', ann_file='a.json')))
    need(Config(dict(type='EmojiCaptionDataset', split='pairs_train')))


def test_weights_of_another_model_are_told_in_short(error_of):
    said = error_of('evaluate.py', '--config', 'rpn_nano', '--only-rpn')
    assert said.startswith(
        f'error: the weights {ROOT}/{PROJECT}/weights/regionclip_nano.pth do '
        f'not fit {RPN}: Error(s) in loading state_dict for RPN: ')
    assert '\n' not in said and len(said) < 600


def test_missing_scenes_name_the_command_that_writes_them(tmp_path):
    done = subprocess.run(
        [sys.executable, f'{PROJECT}/tools/train.py', RPN, '--work-dir',
         str(tmp_path / 'work'), '--cfg-options',
         f'train_dataloader.dataset.data_root={tmp_path}/'],
        cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        f'error: there is no file {tmp_path}/annotations/rpn_train_rpn.json; '
        f'write the scenes first: python {PROJECT}/tools/make_scenes.py')
    assert 'Traceback' not in done.stderr
