"""Members of shards, whole and damaged, through webdataset."""
import bz2
import gzip
import lzma
import random
import sys

import pytest
from pair_data import tar_of

from regionclip_mm.io.tar_members import BROKEN_HEADER, NO_END
from regionclip_mm.io.webdataset_shards import find_shards, read_shard

MEMBERS = [(f'{number}.{kind}', bytes([number + 1]) * 700)
           for number in range(6) for kind in ('jpg', 'TXT', 'pickle')]
SHARD = tar_of(MEMBERS)
MEMBER = 512 + 1024  # bytes of a member with its header
WHOLE = [(str(number), ['jpg', 'txt']) for number in range(6)]


@pytest.fixture
def read(tmp_path):
    """(key, members) of the samples, and the damage."""
    def read(content, prefix='file://{}'):
        path = tmp_path / 'a.tar'
        path.write_bytes(content)
        found = list(read_shard(prefix.format(path), ('jpg', 'txt')))
        return ([(s.key, sorted(s.members)) for s in found if not s.damage],
                [s.damage for s in found if s.damage])
    return read


@pytest.mark.parametrize('pack', [bytes, gzip.compress, bz2.compress,
                                  lzma.compress])
def test_whole(read, pack):
    assert read(pack(SHARD)) == (WHOLE, [])


def test_other_ways_to_open(read):
    assert read(SHARD, 'pipe:cat {}') == (WHOLE, [])
    assert read(SHARD, 'pipe:head -c 3000 {}') == (WHOLE[:1], [
        'unexpected end of data'])
    assert read(SHARD, 'nothing://{}')[1][0].endswith('no gopen handler '
                                                      'defined')
    assert read(SHARD, 'file://{}.txt') == ([], ['No such file or directory'])


def test_commands_that_fail(read, tmp_path):
    """What they wrote is read."""
    path = tmp_path / 'a.tar'
    assert read(SHARD, 'pipe:cat {}; exit 3') == (WHOLE, [
        f'the command ended with exit status 3: cat {path}; exit 3'])
    assert read(SHARD, 'pipe:cat {}; kill -9 $$') == (WHOLE, [
        f'the command was ended by signal 9: cat {path}; kill -9 $$'])
    # the cause, not that there is nothing to read
    assert read(SHARD, 'pipe:no-such-command') == ([], [
        'the command ended with exit status 127: no-such-command'])


def test_members_are_bytes(tmp_path):
    """Nothing is decoded, least of all unpickled."""
    path = tmp_path / 'a.tar'
    path.write_bytes(SHARD)
    for sample in read_shard(path.as_uri(), ('pickle', )):
        assert sample.members == {'pickle': bytes([int(sample.key) + 1]) * 700}


@pytest.mark.parametrize('content, samples, damage', [
    (b'', [], 'empty file'),
    (b'junk' * 999, [], 'invalid header'),
    (SHARD[:3 * MEMBER], WHOLE[:1], NO_END),
    (SHARD[:3 * MEMBER + 100], WHOLE[:1], NO_END),
    (SHARD[:3 * MEMBER + 600], WHOLE[:1], 'unexpected end of data'),
    (gzip.compress(SHARD, mtime=0)[:-30], None,
     'Compressed file ended before'),
    (tar_of(MEMBERS[:3])[:3 * MEMBER] + b'x' * 512 + SHARD[3 * MEMBER:],
     WHOLE, BROKEN_HEADER),
])
def test_damage(read, content, samples, damage):
    found, damages = read(content)
    assert [d[:len(damage)] for d in damages] == [damage]
    assert samples is None or found == samples


def test_archives_in_a_row(read):
    assert read(SHARD + SHARD) == (WHOLE + WHOLE, [])


def test_what_comes_after_a_broken_header_is_read(read):
    shard = bytearray(SHARD)
    shard[4 * MEMBER + 10] ^= 3  # 1.txt
    assert read(bytes(shard)) == (
        [WHOLE[0], ('1', ['jpg']), *WHOLE[2:]], [BROKEN_HEADER])


@pytest.mark.parametrize('seed', range(40))
def test_no_damage_goes_unnoticed(read, seed):
    dice, shard = random.Random(seed), bytearray(SHARD)
    at = dice.randrange(1, len(MEMBERS) * MEMBER)
    if seed % 3 == 0:
        shard = shard[:at]
    elif seed % 3 == 1:
        shard[at // MEMBER * MEMBER + dice.randrange(500)] ^= (
            dice.randrange(1, 256))
    else:
        shard[at:at] = dice.randbytes(dice.randrange(1, 3000))
    samples, damage = read(bytes(shard))
    whole = [key for key, members in samples if len(members) == 2]
    assert len(damage) == 1 or len(whole) == len(set(whole)) == 6


def test_patterns(tmp_path):
    for name in ('a b#1.tar', 'c.tar'):
        (tmp_path / name).touch()
    found = find_shards([f'{tmp_path}/*.tar', 'https://x/{0..1}.tar',
                         'pipe:cat {2..3}.tar'])
    assert found == [
        (tmp_path / 'a b#1.tar').as_uri(), (tmp_path / 'c.tar').as_uri(),
        'https://x/0.tar', 'https://x/1.tar', 'pipe:cat 2.tar',
        'pipe:cat 3.tar']
    with pytest.raises(ValueError, match='shards are named more than once'):
        find_shards([f'{tmp_path}/c.tar', f'{tmp_path}/*.tar'])
    with pytest.raises(ValueError, match='no file is called like'):
        find_shards([f'{tmp_path}/*.zip'])
    with pytest.raises(ValueError, match='no shards are named'):
        find_shards([])


def test_without_webdataset(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'webdataset', None)
    with pytest.raises(RuntimeError, match='cannot be imported .*pip install '
                       '"webdataset'):
        next(read_shard('file:///a.tar', ()))
