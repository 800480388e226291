"""Patterns of braces and wildcards, and files that are not there."""
import os

import pytest

from regionclip_mm.io.path_patterns import expand_braces, find_files


@pytest.mark.parametrize('pattern, paths', [
    ('a.tar', ['a.tar']),
    ('{08..10}.tar', ['08.tar', '09.tar', '10.tar']),
    ('{a,b}/{1..2}', ['a/1', 'a/2', 'b/1', 'b/2']),
    ('{a,b{1..2}}', ['a', 'b1', 'a', 'b2']),
    ('{a}', ['{a}']),
])
def test_braces(pattern, paths):
    assert list(expand_braces(pattern)) == paths


@pytest.mark.parametrize('pattern', ['{2..1}', '{0..99999999}'])
def test_wrong_ranges(pattern):
    with pytest.raises(ValueError, match='is not a range of 1 to 1000000'):
        list(expand_braces(pattern))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name in ('01.tar', '00.tar', 'odd{1..2}[x].tar', 'sub/02.tar'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    os.mkfifo(tmp_path / 'pipe.tar')
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize('patterns, names', [
    (['0?.tar'], ['00.tar', '01.tar']),
    (['*.tar'], ['00.tar', '01.tar', 'odd{1..2}[x].tar']),
    (['01.tar', '{00..00}.tar'], ['01.tar', '00.tar']),
    (['**/02.tar'], ['sub/02.tar']),
    (['odd{1..2}[x].tar'], ['odd{1..2}[x].tar']),
])
def test_files(folder, patterns, names):
    assert list(map(str, find_files(patterns))) == names


@pytest.mark.parametrize('patterns, message', [
    (['0{0..4}.tar'], '3 files are not there: 02.tar, 03.tar, 04.tar'),
    (['*.json'], r'no file is called like \*.json'),
    (['sub'], "sub is a folder: name its files, for example 'sub/"),
    (['00.tar', 'pipe.tar'], 'pipe.tar is a pipe or a device: write its con'),
    (['/dev/null'], '/dev/null is a pipe or a device'),
    (['00.tar', '0?.tar'], 'files are named more than once: .*00.tar'),
    (['s3://bucket/00.tar'], 's3://bucket/00.tar is an address'),
])
def test_wrong_patterns(folder, patterns, message):
    with pytest.raises(ValueError, match=message):
        find_files(patterns)
