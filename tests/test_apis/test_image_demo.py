import importlib.util
import json
import re
import subprocess
import sys

import cv2
import pytest
import torch
from nano import ROOT, make_image, make_vocabulary

from regionclip_mm.apis.selection import SCORES

SCRIPT = ROOT / 'tools/image_demo.py'


@pytest.fixture(scope='module')
def demo():
    spec = importlib.util.spec_from_file_location('image_demo', SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def folder(tmp_path):
    (tmp_path / 'in').mkdir()
    for name in ('a.jpg', 'b.jpg'):
        cv2.imwrite(str(tmp_path / 'in' / name), make_image())
    return tmp_path


def test_flags_of_mmdet(demo, folder, nano_files):
    config, weights = nano_files
    results = demo.main([
        str(folder / 'in'), config, '--weights', weights, '--out-dir',
        str(folder / 'out'), '--texts', 'cat . traffic cone', '--device',
        'cpu', '--pred-score-thr', '0', '--batch-size', '2', '--palette',
        'coco', '-c', '-s', '1', '--print-result'])
    assert len(results['predictions']) == 2
    assert sorted(p.name for p in (folder / 'out/vis').iterdir()) == [
        'a.jpg', 'b.jpg']
    data = json.loads((folder / 'out/predictions.json').read_text())
    assert [c['name'] for c in data['categories']] == ['cat', 'traffic cone']


def test_options_of_the_original(demo, folder, nano_files):
    config, weights = nano_files
    results = demo.main([
        str(folder / 'in/a.jpg'), config, '--weights', weights, '--out-dir',
        str(folder / 'out'), '--vocabulary', 'cat', 'traffic cone',
        '--conf-threshold', '0.05', '--show-unique-boxes', '--max-boxes', '2',
        '--small-region-px', '100', '--scores', 'class', '--no-save-vis',
        '--no-save-pred', '--device', 'cpu'])
    assert len(results['predictions'][0]['scores']) == 2
    assert not (folder / 'out').exists()


def test_ways_to_give_a_vocabulary(demo, tmp_path):
    assert demo.read_vocabulary(None) is None
    assert demo.read_vocabulary(['cat']) == ['cat']
    assert demo.read_vocabulary(['a.txt', 'b.pth']) == ['a.txt', 'b.pth']
    path = tmp_path / 'n.txt'
    path.write_text('cat\n\ngröße \n', encoding='utf-8-sig')
    assert demo.read_vocabulary([str(path)]) == ['cat', 'größe']
    make_vocabulary().save(tmp_path / 'v.pth')
    assert demo.read_vocabulary(
        [str(tmp_path / 'v.pth')]).names == make_vocabulary().names


@pytest.mark.parametrize('word', [
    'names.csv', 'names.JSON', 'coco.names', 'v.pt', 'lists/animals', 'bare'])
def test_files_that_are_no_vocabulary(demo, folder, monkeypatch, word):
    monkeypatch.chdir(folder)
    (folder / 'bare').write_text('cat')
    with pytest.raises(SystemExit, match=f'--vocabulary {word} looks like a '
                       r'file.*one name a line \(.txt\).*build_vocabulary'):
        demo.read_vocabulary([word])
    assert demo.read_vocabulary([word, 'dog']) == [word, 'dog']


def test_capital_letters_of_a_suffix(demo, folder):
    path = folder / 'N.TXT'
    with pytest.raises(SystemExit, match='no vocabulary file .*N.TXT'):
        demo.main([str(folder), 'c', '--weights', str(folder / 'in/a.jpg'),
                   '--vocabulary', str(path)])
    path.write_text('cat')
    assert demo.read_vocabulary([str(path)]) == ['cat']


@pytest.mark.parametrize('text, message', [
    ('x = 1', "AttributeError: .*no attribute 'model'"),
    ('model = dict(type="NoSuch")', 'KeyError: .*NoSuch is not in'),
    ('model = dict(type="RegionCLIP", odd=1)', 'TypeError: .*argument'),
    ('model = 3', r'\w+Error: .*'),
    ('model = dict(type=', 'SyntaxError: '),
    ('model = [][1]', 'IndexError: list index'),
    ('custom_imports = dict(imports=["no_such_package"])\nmodel = dict()',
     'ImportError: .*no_such_package'),
    ('model = undefined', "NameError: name 'undefined'")])
def test_mistakes_in_a_config_are_one_line(demo, tmp_path, nano_files, text,
                                           message):
    config = tmp_path / 'mistake.py'
    config.write_text(text)
    with pytest.raises(SystemExit) as caught:
        demo.build(str(config), [], weights=nano_files[1], device='cpu')
    said = str(caught.value)
    assert re.fullmatch(f'error: the config {config} cannot be used, '
                        f'{message}.*', said), said


def test_changes_of_the_config(demo, nano_files, capsys):
    detect = demo.build(
        nano_files[0], ['model.test_cfg.rcnn.max_per_img=3'],
        weights=nano_files[1], device='cpu')
    found = detect(make_image(), texts='cat')['predictions'][0]
    assert len(found['scores']) == 3
    with pytest.raises(SystemExit, match='cannot be used, TypeError'):
        demo.build(nano_files[0], ['model.odd=1'], weights=nano_files[1],
                   device='cpu')
    with pytest.raises(SystemExit):
        demo.parse_args(['a', 'b', '--weights', 'c', '--cfg-options', 'd'])
    assert "--cfg-options takes KEY=VALUE, got 'd'" in capsys.readouterr().err


def mistake(*arguments) -> str:
    """What the script says before it gives up."""
    done = subprocess.run([sys.executable, str(SCRIPT), *map(str, arguments)],
                          capture_output=True, text=True)
    assert done.returncode == 1
    assert 'Traceback' not in done.stderr
    return done.stderr.splitlines()[-1]


@pytest.mark.parametrize('inputs, config, weights, message', [
    ('in', 'nowhere.py', 'w', 'there is no config file nowhere.py'),
    ('no.jpg', 'nowhere.py', 'w', 'there is no image or folder no.jpg'),
    ('in', 'c.py', 'none.pth', 'there is no checkpoint none.pth'),
    ('in', 'c.py', 'in', 'in is a folder, not a checkpoint'),
    ('in', '.', 'w', 'there is no vocabulary file v.txt'),
])
def test_missing_files_are_one_line(demo, folder, monkeypatch, inputs, config,
                                    weights, message):
    monkeypatch.chdir(folder)
    for name in ('c.py', 'w'):
        (folder / name).touch()
    with pytest.raises(SystemExit, match=f'^error: {message}$'):
        demo.main([inputs, config, '--weights', weights, '--vocabulary',
                   'v.txt'])


def test_choices_are_those_of_the_package(demo):
    assert demo.SCORES == SCORES


def test_a_checkpoint_without_a_text_tower_is_one_line(folder, nano_files):
    data = torch.load(nano_files[1])
    data['state_dict'] = {k: v for k, v in data['state_dict'].items()
                          if not k.startswith('text_encoder.')}
    torch.save(data, folder / 'visual.pth')
    said = mistake(folder / 'in', nano_files[0], '--weights',
                   folder / 'visual.pth', '--texts', 'cat')
    assert said.startswith('error: The text encoder')
    assert '--clip' in said
