"""What tools do before anything heavy: help, missing files, less noise."""
import logging
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from regionclip_mm.command_line import (HARMLESS, config_errors, need_file,
                                        one_line_errors, quiet)

ROOT = Path(__file__).parents[1]
LIGHT = ('tools/image_demo.py', 'tools/build_vocabulary.py',
         'tools/build_concept_pool.py', 'tools/export_onnx.py',
         'tools/app.py', 'tools/extract_region_features.py',
         'tools/search_regions.py', 'tools/build_vocabulary_from_images.py',
         'projects/emoji_world/demo.py')
HEAVY = ('torch', 'mmengine', 'mmcv', 'transformers', 'numpy', 'cv2', 'spacy')


def run_light(tool: str, *args: str) -> subprocess.CompletedProcess:
    """Run a tool where an import of anything heavy is an error."""
    code = (f'import runpy, sys; sys.argv = {[tool, *args]!r}\n'
            f'sys.path.insert(0, {os.path.dirname(ROOT / tool)!r})\n'
            f'sys.modules.update(dict.fromkeys({HEAVY!r}))\n'
            f'runpy.run_path({str(ROOT / tool)!r}, run_name="__main__")')
    return subprocess.run([sys.executable, '-c', code], cwd=ROOT,
                          capture_output=True, text=True)


@pytest.mark.parametrize('tool', LIGHT)
def test_help_imports_nothing_heavy(tool):
    done = run_light(tool, '--help')
    assert done.returncode == 0, done.stderr
    assert 'usage:' in done.stdout


@pytest.mark.parametrize('tool, args, message', [
    ('tools/test.py', ['no.py', 'no.pth'], 'there is no config file no.py'),
    ('tools/test.py', ['setup.py', 'no.pth'], 'there is no checkpoint no.pth'),
    ('tools/train.py', ['no.py'], 'there is no config file no.py'),
    ('tools/train.py', ['docs'], 'docs is a folder, not a config file'),
    ('projects/emoji_world/demo.py', ['--images', 'no.png'],
     'there is no image or folder no.png'),
])
def test_missing_files_are_told_before_heavy_imports(tool, args, message):
    done = run_light(tool, *args)
    assert done.returncode == 1
    assert done.stderr == f'error: {message}\n'


def test_help_of_mmdets_scripts():
    done = subprocess.run([sys.executable, 'tools/train.py', '--help'],
                          cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith('usage: train.py')
    assert '--auto-scale-lr' in done.stdout


@pytest.mark.parametrize('error, code, message', [
    (ValueError('odd'), 1, 'error: odd\n'), (KeyboardInterrupt(), 130,
                                             'interrupted\n')])
def test_errors_of_the_user_are_one_line(error, code, message, capsys):
    with pytest.raises(SystemExit) as caught, one_line_errors():
        raise error
    if code == 1:  # Python prints it
        assert f'{caught.value}\n' == message
    else:
        assert caught.value.code == code
        assert capsys.readouterr().err == message


def test_errors_of_a_worker_are_without_its_traceback():
    from torch.utils.data import DataLoader

    class Bad(list):
        def __getitem__(self, index):
            try:
                raise OSError('no file')
            except OSError as error:
                raise RuntimeError('cannot load a.jpg: empty') from error

    with pytest.raises(SystemExit) as caught, one_line_errors():
        list(DataLoader(Bad([1]), num_workers=1))
    assert str(caught.value) == 'error: cannot load a.jpg: empty'
    with pytest.raises(SystemExit, match='^error: Caught a cold: 3$'):
        with one_line_errors():
            raise ValueError('Caught a cold: 3')


def test_mistakes_of_ours_keep_their_traceback():
    with pytest.raises(KeyError), one_line_errors():
        raise KeyError('ours')


def test_config_errors_are_one_line():
    with pytest.raises(SystemExit, match='^error: the config c.py cannot be '
                       'used, KeyError: X is not a class$'), \
            config_errors('c.py'):
        raise KeyError('X is not\n a class')


def test_files_that_are_there_pass(tmp_path):
    (tmp_path / 'a').touch()
    for path in (None, 'clip://RN50', 'https://x/y', str(tmp_path / 'a')):
        need_file('file', path)
    need_file('folder', str(tmp_path), folder=True)


@pytest.fixture
def quietly():
    factory = logging.getLogRecordFactory()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        quiet()
        yield caught
    logging.setLogRecordFactory(factory)


def test_only_harmless_warnings_are_silenced(quietly, caplog):
    for message in (*HARMLESS, 'something else'):
        warnings.warn(f'{message} and so on')
        logging.getLogger('x').warning('%s', message)
        logging.getLogger('x').warning(f'{message} and so on')
    assert [str(w.message) for w in quietly] == ['something else and so on']
    loud = [r.getMessage() for r in caplog.records
            if r.levelno >= logging.INFO and ' and so on' in r.getMessage()]
    assert loud == ['something else and so on']
    caplog.clear()
    logging.getLogger('x').warning('backbone.conv1.weight is skipped since '
                                   'its requires_grad=False')
    assert caplog.records[0].levelno < logging.INFO


def test_importing_the_package_silences_nothing():
    code = ('import logging, warnings; a = list(warnings.filters); '
            'b = logging.getLogRecordFactory(); import regionclip_mm; '
            'import regionclip_mm.command_line; '
            'assert a == warnings.filters; '
            'assert b is logging.getLogRecordFactory()')
    subprocess.run([sys.executable, '-c', code], check=True, cwd=ROOT)


def test_the_harmless_warnings_are_still_given():
    """Else the list has lines that nobody needs any more."""
    sources = ''.join(
        (Path(__import__(package).__file__).parent / name).read_text()
        for package, name in (('mmengine', 'fileio/file_client.py'),
                              ('mmdet', 'apis/det_inferencer.py')))
    for message in HARMLESS[1:]:
        assert message.rstrip('.') in sources
