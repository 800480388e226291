"""The captions of a shard are the same for the pool and for training."""
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pair_data import pair, tar_of

from regionclip_mm.io.caption_files import read_captions
from regionclip_mm.io.sample_captions import CaptionSource, captions_of
from regionclip_mm.io.skipped_data import (BROKEN_RECORD, DAMAGED_SHARD,
                                           NO_CAPTION, BadSampleError)
from regionclip_mm.io.tar_members import Sample
from regionclip_mm.io.webdataset_shards import read_shard

BOM = b'\xef\xbb\xbf'
# Members beside the image: extensions with contents.
KINDS = dict(
    plain=[('txt', b'a dog')], upper=[('TXT', b'a dog')],
    nul=[('txt', 'a dog'.encode('utf-16-le'))],
    json_nul=[('json', b'{"caption": ["a dog", "a \\u0000"]}')],
    number=[('json', b'{"caption": 5}')],
    bom=[('txt', BOM + b'a dog')], undecodable=[('txt', b'a \xe9')],
    both=[('json', b'{"caption": "other"}'), ('txt', b'a dog')],
    twice=[('txt', b'a dog'), ('txt', b'a cat')],
    many=[('json', b'{"caption": ["a dog", "a cat"]}')],
    json_bom=[('json', BOM + b'{"caption": "a dog"}')],
    json_cut=[('json', b'{"capt')],
    json_other=[('json', b'{"text": "a"}')],
    json_deep=[('json', b'[' * 10000)],
    long=[('txt', b'a dog ' * 200)], none=[],
    other=[('cls', b'3'), ('seg.txt', b'a mask'),
           ('txt', b'a dog')])
NAMES = ('{}', 'x/y.z/{}', './{}', '__m__/{}', 'x/__m__/{}', '__{}__', '.{}')


def both(path):
    """Captions and counts of the pool's reader and of that of training."""
    source = CaptionSource()
    pool, training = ([], Counter()), ([], Counter())
    for item in read_captions(path, source):
        if item.problem:
            pool[1][item.problem] += 1
        else:
            pool[0].append(item.text)
    for sample in read_shard(path.as_uri(), ('jpg', *source.members)):
        try:
            if sample.damage:
                raise BadSampleError(DAMAGED_SHARD, sample.damage)
            training[0].extend(captions_of(sample, source, 'a.tar'))
        except BadSampleError as error:
            training[1][error.kind] += 1
    return pool, training


def members_of(samples):
    return [(f'{name.format(number)}.{extension}', content)
            for number, (kind, name) in enumerate(samples)
            for extension, content in [('jpg', b'\xff' * 700), *KINDS[kind]]]


@settings(max_examples=120, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(sorted(KINDS)),
                          st.sampled_from(NAMES)), min_size=1, max_size=5),
       st.sampled_from(['whole', 'cut', 'header', 'blocks']), st.data())
def test_both_readers_find_the_same(tmp_path_factory, samples, damage, data):
    members = members_of(samples)
    shard = bytearray(tar_of(members))
    blocks = len(shard.rstrip(b'\0')) // 512 + 1
    at = 512 * data.draw(st.integers(1, blocks))
    if damage == 'cut':
        del shard[at - data.draw(st.integers(0, 511)):]
    elif damage == 'header':
        starts = [k for k in range(0, len(shard), 512)
                  if shard[k + 257:k + 262] == b'ustar']
        place = data.draw(st.sampled_from(starts))
        shard[place + data.draw(st.integers(0, 499))] ^= 3
    elif damage == 'blocks':
        shard[at:at] = b'junk' * 128 * data.draw(st.integers(1, 3))
    path = tmp_path_factory.mktemp('shards') / 'a.tar'
    path.write_bytes(bytes(shard))
    pool, training = both(path)
    if damage == 'cut':  # the pool does not read the image that is cut
        lacks = pool[1][NO_CAPTION] - training[1][NO_CAPTION]
        assert lacks in (0, 1)
        training[1][NO_CAPTION] += lacks
    assert pool == training


@pytest.mark.parametrize('name, members, captions, damage', [
    ('one name twice', [*pair('a', 'a dog'), ('a.txt', b'a cat')],
     ['a dog'], 1),
    ('meta', [*pair('__m__/a', 'a dog'), *pair('b', 'a cat')], ['a cat'], 0),
    ('no name', [*pair('', 'a dog'), *pair('b', 'a cat')], ['a cat'], 0)])
def test_what_they_find(name, members, captions, damage, tmp_path):
    path = tmp_path / 'a.tar'
    path.write_bytes(tar_of(members))
    want = captions, +Counter({DAMAGED_SHARD: damage})
    assert both(path) == (want, want)


@pytest.mark.parametrize('member, kind, why', [
    (('txt', b'a\0'), BROKEN_RECORD,
     'a.tar, x.txt: it contains NUL characters: is it in UTF-16?'),
    (('txt', 'ab'.encode('utf-16')), BROKEN_RECORD, 'x.txt: it contains NUL'),
    (('json', b'{"caption": ["a", "b\\u0000"]}'), BROKEN_RECORD,
     'a.tar, x.json: it contains NUL'),
    (('json', b'{"caption": 5}'), NO_CAPTION,
     "a.tar, x.json: no text under 'caption', but 5"),
    (('json', b'{"caption": {"en": "a dog"}}'), NO_CAPTION,
     "under 'caption', but {'en': 'a dog'}"),
    (('json', b'{"caption": ["a", null]}'), NO_CAPTION, "but ['a', None]"),
    (('json', b'{"caption": []}'), NO_CAPTION, 'but []'),
    (('json', b'{"caption": [%s]}' % (b'1, ' * 99 + b'1')), NO_CAPTION,
     'but [1, 1, ')])
def test_what_is_there_instead_of_a_text(member, kind, why):
    sample = Sample('x', dict([member]))
    with pytest.raises(BadSampleError) as raised:
        captions_of(sample, CaptionSource(), 'a.tar')
    assert raised.value.kind == kind and why in raised.value.where
    assert len(raised.value.where) < 120


@pytest.mark.parametrize('left', [6, 300, 512])
def test_a_whole_last_caption_counts_where_the_end_is_cut_off(left, tmp_path):
    shard = tar_of([*pair('a', 'a dog'), *pair('b', 'a caption')])
    path = tmp_path / 'a.tar'
    start = shard.index(b'a caption')
    path.write_bytes(shard[:start + max(left, 9)])
    want = ['a dog', 'a caption'], Counter({DAMAGED_SHARD: 1})
    assert both(path) == (want, want)
