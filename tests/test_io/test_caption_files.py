"""Captions of each kind of file, whole and damaged."""
import gzip
import io
import json
import os
import random
import tarfile

import pytest

from regionclip_mm.io import caption_files, sample_captions, tar_members
from regionclip_mm.io.caption_files import (DAMAGED_FILE, check_format,
                                            read_captions)
from regionclip_mm.io.sample_captions import CaptionSource
from regionclip_mm.io.skipped_data import (BROKEN_RECORD, DAMAGED_SHARD,
                                           NO_CAPTION)


def tar_of(**members: bytes) -> bytes:
    """A shard; '__' in a name is a dot."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode='w') as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name.replace('__', '.'))
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture
def read(tmp_path):
    """Captions, and (problem, place) of the others."""
    def read(name, content, *source):
        path = tmp_path / name
        path.write_bytes(content)
        items = list(read_captions(path, CaptionSource(*source)))
        positions = [item.position for item in items]
        assert positions == sorted(positions)
        assert not positions or positions[-1] <= len(content)
        return ([item.text for item in items if not item.problem],
                [(item.problem, item.where.replace(f'{tmp_path}/', ''))
                 for item in items if item.problem])
    return read


COCO = dict(images=[], annotations=[dict(image_id=1, caption='a dog'),
                                    dict(image_id=1, caption='zwei Hünde')])
SHARD = tar_of(**{
    'a__txt': b'a dog', 'a__jpg': b'\xff' * 2000,
    'a__json': b'{"caption": "not this"}',
    'b__json': '{"caption": "zwei Hünde"}'.encode()})


@pytest.mark.parametrize('name, content', [
    ('c.json', json.dumps(COCO).encode()),
    ('c.json', b'\xef\xbb\xbf' + json.dumps(COCO['annotations']).encode()),
    ('c.jsonl', '{"caption": "a dog"}\n\n{"caption": "zwei Hünde"}'.encode()),
    ('c.jsonl', '{"caption": ["a dog", "zwei Hünde"]}\r\n'.encode()),
    ('C.TAR', SHARD),
])
@pytest.mark.parametrize('packed', [False, True])
def test_formats(read, name, content, packed):
    if packed:
        name, content = f'{name}.gz', gzip.compress(content)
    assert read(name, content) == (['a dog', 'zwei Hünde'], [])


def test_text(read):
    assert read('c.txt', b'\xef\xbb\xbfa dog\r\n\ncaf\xe9') == (
        ['a dog\r\n', '\n', 'caf\udce9'], [])
    assert read('c.txt', b'') == ([], [])
    assert read('c.tgz', gzip.compress(SHARD))[0] == ['a dog', 'zwei Hünde']


def test_where_captions_are(read):
    assert read('c.jsonl', b'{"text": "a dog"}', 'text') == (['a dog'], [])
    assert read('c.tar', SHARD, 'caption', ('json', 'txt')) == (
        ['not this', 'zwei Hünde'], [])
    shard = tar_of(a__0__txt=b'no', a__cap__txt=b'a dog')
    assert read('c.tar', shard, 'caption', ('cap.txt',)) == (['a dog'], [])


@pytest.mark.parametrize('name, content, problem, where', [
    ('c.jsonl', b'{"caption": "a"}\n{"capt', BROKEN_RECORD,
     'c.jsonl:2: no json'),
    ('c.jsonl', b'{"text": 1}', NO_CAPTION,
     "c.jsonl:1: no text under 'caption', its keys are 'text'"),
    ('c.jsonl', b'{"caption": [1]}', NO_CAPTION,
     "c.jsonl:1: no text under 'caption', but [1]"),
    ('c.jsonl', b'{"caption": []}', NO_CAPTION, "under 'caption', but []"),
    ('c.jsonl', b'[1]', NO_CAPTION, 'it is a list'),
    ('c.jsonl', b'[' * 10000, BROKEN_RECORD, 'c.jsonl:1: no json'),
    ('c.json', b'{"annotations": [{"caption": null}]}', NO_CAPTION,
     'c.json, annotations[0]: no text'),
    ('c.json', b'{"annotations": {}}', DAMAGED_FILE, 'no list of annotations'),
    ('c.json', b'{"annot', DAMAGED_FILE, 'c.json: Unterminated'),
    ('c.json', b'', DAMAGED_FILE, 'c.json: Expecting value'),
    ('c.txt', 'a dog'.encode('utf-16'), DAMAGED_FILE, 'it is in UTF-16'),
    ('c.json', '[]'.encode('utf-16'), DAMAGED_FILE, 'it is in UTF-16'),
    ('c.txt', 'a dog\na cat\n'.encode('utf-16-le'), DAMAGED_FILE,
     'c.txt: it is in UTF-16: write it in UTF-8'),
    ('c.txt', 'a dog\n'.encode('utf-16-be'), DAMAGED_FILE, 'is in UTF-16'),
    ('c.jsonl.gz',
     gzip.compress('{"caption": "кот"}\n'.encode('utf-16-be'), mtime=0),
     DAMAGED_FILE, 'it is in UTF-16'),
    ('c.json', json.dumps(COCO).encode('utf-16-le'), DAMAGED_FILE,
     'it is in UTF-16'),
    ('c.txt', b'a dog\n' + 'a cat'.encode('utf-16-le'), BROKEN_RECORD,
     'c.txt:2: it contains NUL characters: is it in UTF-16?'),
    ('c.txt', bytes(5000), BROKEN_RECORD, 'c.txt:1: it contains NUL'),
    ('c.jsonl', b'{"caption": "a\\u0000"}', BROKEN_RECORD,
     'c.jsonl:1: it contains NUL'),
    ('c.json', b'[{"caption": ["a", "\\u0000"]}]', BROKEN_RECORD,
     'c.json, annotations[0]: it contains NUL'),
    ('c.txt.gz', gzip.compress(b'a dog\n' * 9, mtime=0)[:-9], DAMAGED_FILE,
     'ended before'),
    ('c.txt.gz', b'a dog', DAMAGED_FILE, 'Not a gzipped file'),
    ('c.tar', tar_of(a__jpg=b''), NO_CAPTION,
     'c.tar, a: no member txt or json'),
    ('c.tar', tar_of(a__json=b'{'), BROKEN_RECORD, 'c.tar, a.json: no json'),
    ('c.tar', b'', DAMAGED_SHARD, 'c.tar: file could not be opened'),
    ('c.tar', b'junk' * 999, DAMAGED_SHARD, 'a header is damaged'),
    ('c.tar', SHARD[:2500], DAMAGED_SHARD, 'c.tar: unexpected end of data'),
    ('c.tar', SHARD[:4000], DAMAGED_SHARD, 'c.tar: a header is damaged'),
    ('c.tar', SHARD[:1024], DAMAGED_SHARD, 'c.tar: the end is missing'),
])
def test_problems_are_named(read, name, content, problem, where):
    found = read(name, content)[1]
    assert found[0][0] == problem
    assert where in found[0][1]


def test_what_comes_after_damage_is_read(read):
    shard = bytearray(SHARD)
    shard[10] = 7  # in the name of the first member
    captions, problems = read('c.tar', bytes(shard))
    assert captions == ['not this', 'zwei Hünde']
    assert problems == [(DAMAGED_SHARD, 'c.tar: a header is damaged, samples '
                         'may be lost')]


def test_a_large_member_is_left_out_once(read, monkeypatch):
    for module in (tar_members, sample_captions):
        monkeypatch.setattr(module, 'LARGEST', 30)
    shard = tar_of(a__txt=b'a ' * 40, b__txt=b'a dog')
    assert read('c.tar', shard) == (
        ['a dog'],
        [(BROKEN_RECORD, 'c.tar, a: txt has more than 30 bytes')])


def test_lines_without_end(read, monkeypatch):
    monkeypatch.setattr(caption_files, 'LONGEST_LINE', 20)
    assert read('c.txt', b'x' * 95 + b'\na dog') == (['x' * 20, 'a dog'], [])
    captions, problems = read('c.jsonl', b'{"caption": "%s"}\n{"caption": "c"}'
                              % (b'x' * 95))
    assert captions == ['c']
    assert [problem for problem, _ in problems] == [BROKEN_RECORD]


@pytest.mark.parametrize('seed', range(60))
def test_no_damage_of_a_shard_goes_unnoticed(read, seed):
    dice = random.Random(seed)
    shard = bytearray(tar_of(**{f'{i}__txt': b'a dog' for i in range(20)}))
    used = 20 * 1024
    at = dice.randrange(1, used)
    if seed % 3 == 0:
        shard = shard[:at]
    elif seed % 3 == 1:
        header = at // 1024 * 1024 + dice.randrange(500)
        shard[header] ^= dice.randrange(1, 256)
    else:
        shard[at:at] = dice.randbytes(dice.randrange(1, 3000))
    captions, problems = read('c.tar', bytes(shard))
    assert problems or len(captions) >= 20


def test_pipes_are_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / 'c.txt')
    item, = read_captions(tmp_path / 'c.txt')
    assert item.problem == DAMAGED_FILE
    assert 'c.txt is a pipe or a device: write its content' in item.where


def test_other_files():
    assert check_format('a.TXT.gz') == '.txt'
    for name in ('a.csv', 'a.gz', 'tar', 'a.txt.zip'):
        with pytest.raises(ValueError, match='end in .json, .jsonl, .txt, .t'):
            check_format(name)
