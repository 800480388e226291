"""What is read of packed shards that are cut off."""
import bz2
import gzip
import io
import lzma
import random
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pair_data import tar_of

from regionclip_mm.io.tar_blocks import CHUNK, TarBlocks
from regionclip_mm.io.tar_members import read_samples
from regionclip_mm.io.webdataset_shards import read_shard

WANTED = ('jpg', 'txt')
PACKINGS = {
    'gz': (gzip.compress, lambda: zlib.decompressobj(31)),
    'bz2': (lambda data: bz2.compress(data, 1), bz2.BZ2Decompressor),
    'xz': (lzma.compress, lzma.LZMADecompressor),
    'none': (bytes, None)}


def members_of(seed):
    """Pairs of up to 9 kB, of which not all can be packed well."""
    dice = random.Random(seed)
    return [(f'{key}.{kind}', dice.randbytes(dice.randrange(9000))
             if kind == 'jpg' else b'a dog ' * dice.randrange(300))
            for key in range(30) for kind in dice.sample(WANTED, 2)]


def whole_in(part, members):
    """Samples of the members that the first bytes of the tar have whole."""
    found, start = {}, 0
    for name, content in members:
        end = start + 512 + len(content)
        if end > len(part):
            break
        key, _, kind = name.partition('.')
        found.setdefault(key, {})[kind] = content
        start = end + -len(content) % 512
    return found


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(sorted(PACKINGS)), st.integers(0, 4), st.data())
def test_all_that_can_be_unpacked_is_read(tmp_path_factory, kind, seed, data):
    """By the reader of training and by that of the concept pool."""
    members, (pack, unpacker) = members_of(seed), PACKINGS[kind]
    packed = pack(tar_of(members))
    cut = packed[:data.draw(st.integers(1, len(packed) - 1))]
    want = whole_in(unpacker().decompress(cut) if unpacker else cut, members)
    path = tmp_path_factory.mktemp('shards') / 'a.tar'
    path.write_bytes(cut)
    with open(path, 'rb') as file:
        for found in (list(read_shard(path.as_uri(), WANTED)),
                      list(read_samples(file, WANTED))):
            assert {one.key: one.members for one in found
                    if one.members} == want
            # nothing but padding may lack without a word
            assert found[-1].damage or sum(map(len, want.values())) == 60


class Failing(io.BytesIO):
    """Bytes that end in an error."""

    def read1(self, size=-1):
        data = super().read1(size)
        if not data:
            raise OSError('the disk is gone')
        return data


@pytest.mark.parametrize('size', [1, 512, 700, CHUNK, CHUNK + 512])
def test_what_comes_before_an_error_is_given(size):
    content, damage = random.Random(0).randbytes(size), []
    blocks = TarBlocks(Failing(content), damage)
    assert b''.join(iter(blocks.read, b'')) == content
    assert blocks.read() == b'' and damage == ['the disk is gone']
