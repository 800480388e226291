"""tools/build_concept_pool.py from captions to a vocabulary."""
import errno
import gzip
import io
import json
import os
import runpy
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from regionclip_mm.checkpoint.embeddings import names_from_text

ROOT = Path(__file__).parents[2]
TOOL = ROOT / 'tools' / 'build_concept_pool.py'


@pytest.fixture(scope='module')
def main():
    return runpy.run_path(str(TOOL))['main']


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Captions in every kind of file, three dogs in each."""
    texts = ['a dog', 'two dogs near a traffic light', 'A DOG']
    rows = [dict(image_id=1, caption=text) for text in texts]
    (tmp_path / 'a.json').write_text(json.dumps(dict(annotations=rows)))
    (tmp_path / 'b.jsonl').write_text('\n'.join(map(json.dumps, rows)))
    (tmp_path / 'c.txt.gz').write_bytes(gzip.compress(
        '\n'.join(texts).encode()))
    for number in range(2):
        with tarfile.open(tmp_path / f'{number:05}.tar', 'w') as tar:
            for name, text in enumerate(texts):
                info = tarfile.TarInfo(f'{name:09}.txt')
                info.size = len(text)
                tar.addfile(info, io.BytesIO(text.encode()))
    monkeypatch.chdir(tmp_path)
    return tmp_path


ALL = ['a.json', 'b.jsonl', '*.gz', '{00000..00001}.tar']


@pytest.mark.parametrize('processes', ['1', '2'])
def test_every_format(main, folder, capsys, processes):
    main([*ALL, 'new/pool.txt', '--min-count', '5', '--processes', processes])
    assert Path('new/pool.txt').read_bytes() == (
        b'dog\t15\ntraffic light\t5\n')
    report = json.loads(Path('new/pool.txt.report.json').read_text())
    assert report['captions'] == 15 and report['concepts'] == 2
    assert report['files'][-1] == '00001.tar' and report['spacy']
    assert sorted(path.name for path in Path('new').iterdir()) == [
        'pool.txt', 'pool.txt.report.json']
    said = capsys.readouterr().out
    assert 'new/pool.txt: 2 concepts of 15 captions' in said
    assert f'per second with {processes} processes' in said
    assert "% of their time in spaCy's pipeline" in said


def test_what_is_dropped_is_told(main, folder, capsys):
    (folder / 'd.txt').write_bytes(b'a dog\n\na cat\nrun\ncaf\xe9\n' +
                                   b'a dog ' * 400)
    (folder / 'e.jsonl').write_text('{"caption"\n{"text": "a dog"}')
    (folder / 'f.tar').write_bytes(Path('00000.tar').read_bytes()[:1600])
    main(['d.txt', 'e.jsonl', 'f.tar', 'pool.txt', '--min-count', '2',
          '--processes', '1'])
    said = capsys.readouterr()
    for line in ('1 empty captions', '1 captions cut', '1 captions with undec',
                 '1 broken records', '1 images without caption',
                 '1 damaged shards', '2 captions without concept',
                 '2 concepts below min count',
                 '2 mentions below min count'):
        assert f' {line}' in said.out
    for place in ('e.jsonl:1: no json', "e.jsonl:2: no text under 'caption', "
                  "its keys are 'text'", 'f.tar: unexpected end of data'):
        assert place in said.err


def test_names_for_a_vocabulary(main, folder):
    main([*ALL, 'pool.txt', '--min-count', '5', '--processes', '1'])
    assert names_from_text('pool.txt') == ['dog', 'traffic light']
    Path('pool.txt').write_text('1\tcat\ndog\t7\n')
    assert names_from_text('pool.txt') == ['1\tcat', 'dog']


def test_a_pool_is_replaced(main, folder):
    for count in ('5', '15'):
        main([*ALL, 'pool.txt', '--min-count', count, '--processes', '1'])
    assert names_from_text('pool.txt') == ['dog']


def test_the_count_can_be_lowered_without_parsing_again(main, folder, capsys):
    with pytest.raises(SystemExit, match='none of 2 concepts is named 100 tim'
                       r"es .* are 'dog' \(15\), 'traffic light' \(5\)"):
        main([*ALL, 'pool.txt', '--processes', '1'])
    main([*ALL, 'pool.txt', '--processes', '1', '--min-count', '9'])
    assert 'per second' not in capsys.readouterr().out
    assert not Path('pool.txt.partial.json').exists()


def test_a_pool_that_cannot_be_written(main, folder, monkeypatch):
    """What was counted is kept for the next time."""
    def replace(source, target):
        if str(target).endswith('pool.txt'):
            raise OSError(errno.ENOSPC, 'No space left on device')
        original(source, target)

    original, args = os.replace, ['a.json', 'pool.txt', '--min-count', '1',
                                  '--processes', '1']
    with monkeypatch.context() as disk:
        disk.setattr(os, 'replace', replace)
        with pytest.raises(SystemExit, match=(
                r'^error: pool.txt cannot be written \(No space left on device'
                r'\). When it can, the same command goes on')):
            main(args)
    assert Path('pool.txt.partial.json').exists()
    main(args)
    assert names_from_text('pool.txt') == ['dog', 'traffic light']


@pytest.mark.parametrize('args, message', [
    (['no.txt', 'o.txt'], 'no.txt'),
    (['a.json', 'b.jsonl'], 'b.jsonl is there already and is no concept pool'),
    (['a.json', 'a.json', 'o.txt'], 'named more than once'),
    (['a.csv', 'o.txt'], 'a.csv is not a file of captions'),
    (['a.json', 'o.txt', '--key', 'text'], 'no caption was found; a.json, ann'
     "otations.0.: no text under 'text', its keys are 'caption', 'image_id'"),
    (['a.json', 'a.json/o.txt'], 'a.json is not a folder'),
    (['o.txt.report.json', 'o.txt'], 'is among the captions'),
])
def test_mistakes(main, folder, args, message):
    (folder / 'a.csv').touch()
    (folder / 'o.txt.report.json').write_text('[]')
    with pytest.raises(SystemExit, match=f'^error: .*{message}'):
        main([*args, '--min-count', '1', '--processes', '1'])
    assert not Path('o.txt').exists()


@pytest.mark.parametrize('option', ['--min-count', '--processes'])
@pytest.mark.parametrize('value', ['0', '-1', 'x', '1.5'])
def test_numbers_are_positive(main, option, value, capsys):
    with pytest.raises(SystemExit):
        main(['a.txt', 'o.txt', f'{option}={value}'])
    assert f'{value} is not a positive integer' in capsys.readouterr().err


def test_help():
    done = subprocess.run([sys.executable, TOOL, '--help'], cwd=ROOT,
                          capture_output=True, text=True)
    assert done.returncode == 0
    assert 'CAPTIONS [CAPTIONS ...] out' in ' '.join(done.stdout.split())
