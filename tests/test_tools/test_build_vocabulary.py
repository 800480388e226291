"""tools/build_vocabulary.py from the command line to the file."""
import json
import runpy
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from regionclip_mm.text import (TEXT_ARCHS, CLIPTextEncoder, Vocabulary,
                                encode_vocabulary)
from regionclip_mm.text.prompts import TEMPLATE_SETS

ROOT = Path(__file__).parents[2]
TOOL = ROOT / 'tools' / 'build_vocabulary.py'
NANO = ROOT / 'projects/emoji_world/configs/regionclip_nano.py'


@pytest.fixture(scope='module')
def main():
    return runpy.run_path(str(TOOL))['main']


@pytest.fixture(scope='module')
def encoder():
    torch.manual_seed(0)
    return CLIPTextEncoder('nano')


@pytest.fixture(scope='module')
def checkpoint(encoder, tmp_path_factory):
    path = tmp_path_factory.mktemp('weights') / 'nano.pth'
    torch.save(dict(state_dict={f'text_encoder.{k}': v for k, v
                                in encoder.state_dict().items()}), path)
    encoder.load_state_dict(encoder.state_dict())
    return str(path)


@pytest.fixture
def run(main, checkpoint, tmp_path):
    """Runs the tool with the nano encoder; returns the vocabulary."""
    def run(*args):
        out = tmp_path / 'new' / 'v.pth'
        main([str(out), *map(str, args), '--arch', 'nano', '--checkpoint',
              checkpoint, '--device', 'cpu'])
        return Vocabulary.load(out)
    return run


def same(found: Vocabulary, names, encoder, templates='clip81') -> None:
    expected = encode_vocabulary(names, encoder, templates)
    assert found.names == tuple(names)
    torch.testing.assert_close(found.embeddings, expected.embeddings)
    assert found.meta == expected.meta


def test_names(run, encoder, capsys):
    found = run('--names', 'cat', ' traffic cone', '自転車')
    same(found, ['cat', 'traffic cone', '自転車'], encoder)
    captured = capsys.readouterr()
    assert '3 names, 128-dimensional' in captured.out
    assert '1/1' in captured.err  # the progress bar


def test_text_file(run, encoder, tmp_path):
    (tmp_path / 'names.txt').write_text('cat\n\n traffic cone \r\ncafé\n',
                                        encoding='utf-8')
    same(run('--file', tmp_path / 'names.txt'),
         ['cat', 'traffic cone', 'café'], encoder)


def test_json_in_the_order_of_ids(run, encoder, tmp_path):
    categories = [dict(id=90, name='toothbrush'), dict(id=1, name='person'),
                  dict(id=7, name='bow_(decorative_ribbons)')]
    (tmp_path / 'a.json').write_text(json.dumps(dict(
        images=[], annotations=[], categories=categories)))
    found = run('--json', tmp_path / 'a.json', '--templates', 'name_only')
    same(found, ['person', 'bow_(decorative_ribbons)', 'toothbrush'], encoder,
         'name_only')
    torch.testing.assert_close(found.embeddings[1:2],
                               encoder.encode(['bow decorative ribbons']))


def test_own_templates(run, encoder):
    found = run('--names', 'cat', '--templates', 'a {}', 'the {}')
    same(found, ['cat'], encoder, ['a {}', 'the {}'])


@pytest.mark.parametrize('args, message', [
    (['--names', 'cat', 'cat'], "more than once: 'cat'"),
    (['--names', ' '], "not blank, got ''"),
    (['--names', '()'], 'has no words'),
    (['--names', 'cat', '--templates', 'clip80'], 'templates must be one of'),
    (['--file', 'nowhere.txt'], 'there is no file of names nowhere.txt'),
    (['--json', 'nowhere.json'], 'there is no file of names nowhere.json'),
    (['--names', 'cat', '--config', 'nowhere.py'],
     'there is no config file nowhere.py'),
])
def test_mistakes_are_told_before_weights_are_read(main, args, message,
                                                   tmp_path):
    (tmp_path / 'no_weights.pth').touch()
    with pytest.raises(SystemExit, match=f'^error: .*{message}'):
        main(['o.pth', *args, '--checkpoint',
              str(tmp_path / 'no_weights.pth')])


def test_where_nothing_can_be_written(main, tmp_path):
    """Said before hours of encoding."""
    with pytest.raises(SystemExit, match=f'^error: .*{tmp_path}'):
        main([str(tmp_path), '--names', 'cat', '--checkpoint', 'clip://RN50'])
    with pytest.raises(SystemExit, match='^error: --device cuda:9 cannot'):
        main([str(tmp_path / 'o.pth'), '--names', 'cat', '--device',
              'cuda:9', '--checkpoint', 'clip://RN50'])
    (tmp_path / 'bad.py').write_text('model = dict(')
    with pytest.raises(SystemExit, match='the config .*bad.py cannot be'):
        main([str(tmp_path / 'o.pth'), '--names', 'cat', '--config',
              str(tmp_path / 'bad.py'), '--checkpoint', 'clip://RN50'])


def test_choices_are_those_of_the_package():
    tool = runpy.run_path(str(TOOL))
    assert sorted(tool['ARCHS']) == sorted(TEXT_ARCHS)
    assert sorted(tool['TEMPLATE_SETS']) == sorted(TEMPLATE_SETS)


def test_names_in_one_text_as_in_mmdet(run, encoder, capsys):
    same(run('--names', 'cat . traffic cone', 'dog'),
         ['cat', 'traffic cone', 'dog'], encoder)
    assert 'taken as one' not in capsys.readouterr().err


@pytest.mark.parametrize('option', ['--names', '--file'])
def test_a_list_with_commas_is_warned_of(run, capsys, tmp_path, option):
    (tmp_path / 'n.txt').write_text('cat, dog')
    run(option, 'cat, dog' if option == '--names' else tmp_path / 'n.txt')
    assert "'cat, dog' is taken as one class name" in capsys.readouterr().err


def test_templates_of_a_config(main, encoder, checkpoint, tmp_path, capsys):
    def build(*args):
        main([str(tmp_path / 'v.pth'), '--names', 'cat', '--checkpoint',
              checkpoint, '--device', 'cpu', *args])
        return Vocabulary.load(tmp_path / 'v.pth'), capsys.readouterr().err

    found, said = build('--config', str(NANO))
    same(found, ['cat'], encoder, Config.fromfile(NANO).templates)
    assert 'warning' not in said
    found, said = build('--config', str(NANO), '--templates', 'name_only')
    same(found, ['cat'], encoder, 'name_only')
    _, said = build('--arch', 'nano')
    assert '--config projects/emoji_world/configs/regionclip_nano.py' in said


@pytest.mark.parametrize('content, option, message', [
    (b'\n \n', '--file', 'vocabulary is empty'),
    (b'caf\xe9\n', '--file', 'n cannot be read as UTF-8 .*: save it'),
    (b'{"images": []}', '--json', 'no list of categories'),
    (b'{"categories": []}', '--json', 'vocabulary is empty'),
    (b'{"categories": [{"id": 1}]}', '--json', "have no 'name' that is"),
    (b'not json', '--json', 'not a json file'),
])
def test_bad_files(run, tmp_path, content, option, message):
    (tmp_path / 'n').write_bytes(content)
    with pytest.raises(SystemExit, match=message):
        run(option, tmp_path / 'n')
    assert not (tmp_path / 'new').exists()


def test_bad_weights(main, tmp_path, checkpoint):
    def run(checkpoint, arch='nano'):
        main([str(tmp_path / 'v.pth'), '--names', 'cat', '--arch', arch,
              '--checkpoint', str(checkpoint), '--device', 'cpu'])

    with pytest.raises(SystemExit, match='there is no checkpoint .*none.pth'):
        run(tmp_path / 'none.pth')
    with pytest.raises(SystemExit, match="does not fit text_encoder.arch="):
        run(checkpoint, 'rn50')
    (tmp_path / 'bad.pth').write_bytes(Path(checkpoint).read_bytes()[:5000])
    with pytest.raises(SystemExit, match='bad.pth is truncated'):
        run(tmp_path / 'bad.pth')


def test_no_network(main, tmp_path, monkeypatch):
    monkeypatch.setenv('REGIONCLIP_MM_CLIP_URL', 'http://127.0.0.1:9')
    monkeypatch.setenv('REGIONCLIP_MM_CACHE', str(tmp_path))
    with pytest.raises(SystemExit, match='^error: .*Get RN50.pt .* put it'):
        main([str(tmp_path / 'v.pth'), '--names', 'cat', '--checkpoint',
              'clip://RN50', '--device', 'cpu'])


def test_names_come_from_one_place(main, capsys):
    for args in (['o.pth'], ['o.pth', '--names', 'a', '--file', 'b']):
        with pytest.raises(SystemExit):
            main([*args, '--checkpoint', 'c'])
    assert 'not allowed with argument' in capsys.readouterr().err
