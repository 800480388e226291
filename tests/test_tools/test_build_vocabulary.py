"""tools/build_vocabulary.py from the command line to the file."""
import json
import runpy
from pathlib import Path

import pytest
import torch

from regionclip_mm.text import (CLIPTextEncoder, Vocabulary,
                                encode_vocabulary)

TOOL = Path(__file__).parents[2] / 'tools' / 'build_vocabulary.py'


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
    (['--file', 'nowhere.txt'], 'nowhere.txt'),
    (['--json', 'nowhere.json'], 'nowhere.json'),
])
def test_mistakes_are_told_before_weights_are_read(main, args, message):
    with pytest.raises(SystemExit, match=f'^error: .*{message}'):
        main(['o.pth', *args, '--checkpoint', 'no_weights.pth'])


@pytest.mark.parametrize('content, option, message', [
    (b'\n \n', '--file', 'vocabulary is empty'),
    (b'caf\xe9\n', '--file', 'n cannot be read: .*utf-8'),
    (b'{"images": []}', '--json', 'no list of categories'),
    (b'{"categories": []}', '--json', 'vocabulary is empty'),
    (b'{"categories": [{"id": 1}]}', '--json', 'no list of categories'),
    (b'not json', '--json', 'no list of categories'),
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

    with pytest.raises(SystemExit, match='There is no file .*none.pth'):
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
