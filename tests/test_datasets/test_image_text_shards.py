"""Streams of pairs from tar shards."""
import json
import pickle
import tempfile
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pair_data import (PIPELINE, encoded, loader_of, pair, stream_of, take,
                       tar_of, write_shards)
from torch.utils.data import DataLoader

from regionclip_mm.datasets import image_text_shards
from regionclip_mm.datasets.shard_order import Place, ShardOrder, shuffled
from regionclip_mm.datasets.shard_records import ShardRecords
from regionclip_mm.io.skipped_data import (BAD_IMAGE, BROKEN_RECORD,
                                           DAMAGED_SHARD, NO_CAPTION, NO_IMAGE,
                                           REPLACED)

# What may stand in place of a pair: its members, and how it is counted.
BAD = {
    'good': (pair, None),
    'truncated': (lambda name: pair(name, image=encoded(size=(64, 64))[:-400]),
                  BAD_IMAGE),
    'zero bytes': (lambda name: pair(name, image=b''), BAD_IMAGE),
    'blank': (lambda name: pair(name, ' \n'), NO_CAPTION),
    'no caption': (lambda name: pair(name)[:1], NO_CAPTION),
    'no image': (lambda name: pair(name)[1:], NO_IMAGE),
    'no json': (lambda name: [pair(name)[0], (f'{name}.json', b'{"capt')],
                BROKEN_RECORD),
    'undecodable': (lambda name: [pair(name)[0], (f'{name}.txt', b'a \xe9')],
                    REPLACED),
}
SHARD = st.lists(st.sampled_from(sorted(BAD)), max_size=7)


def names_of(stream, count):
    """Of samples before the pipeline, on their own."""
    return [drawn.data['img_id']
            for drawn in islice(stream.draw(stream.order(0, 1)), count)]


@settings(max_examples=25, deadline=None)
@given(st.lists(SHARD, min_size=1, max_size=4), st.booleans())
def test_every_good_pair_once_in_an_epoch_and_the_rest_counted(shards, cut):
    good, bad = [], Counter()
    with tempfile.TemporaryDirectory() as folder:
        for number, kinds in enumerate([*shards, ['good']]):
            members = []
            for place, kind in enumerate(kinds):
                make, problem = BAD[kind]
                members += make(f's{number}-{place}')
                bad[problem] += 1
                if problem in (None, REPLACED):
                    good.append(f's{number}-{place}')
            shard = tar_of(members)
            if cut and kinds:  # only the end is missing
                shard = shard.rstrip(b'\0')
                shard += bytes(-len(shard) % 512)
                bad[DAMAGED_SHARD] += 1
            (Path(folder) / f's{number}.tar').write_bytes(shard)
        del bad[None]
        # it comes last, and the counts of the epoch are complete
        stream = stream_of(f'{folder}/s*.tar', shuffle_buffer=3)
        order, found, epochs = stream.order(0, 1, seed=5), [], 0
        for drawn in stream.draw(order):
            epochs = drawn.epoch
            if epochs == 2:
                break
            if stream.prepare(drawn.data) is not None:
                found.append((epochs, drawn.data['img_id']))
        for epoch in (0, 1):
            assert sorted(n for e, n in found if e == epoch) == sorted(good)
        counts = stream.skipped.counts
        assert all(2 * bad[kind] <= counts[kind] <= 3 * bad[kind]
                   for kind in {*bad, *counts})


def test_counts_of_an_epoch_are_exact(tmp_path):
    for number, kind in enumerate(sorted(BAD)):
        make, _ = BAD[kind]
        (tmp_path / f's{number}.tar').write_bytes(tar_of(
            [*make('x'), *pair('y')]))
    loader = loader_of(stream_of(f'{tmp_path}/*.tar', shuffle_buffer=0),
                       batch=10)
    names = take(loader, 1)[0][0]
    assert Counter(names) == dict(y=8, x=2)
    expected = Counter(problem for _, problem in BAD.values() if problem)
    assert loader.skipped.counts == expected
    assert loader.skipped.total == len(BAD) - 2  # one was only mended
    assert {reason.partition(':')[0].replace(' ', '_')
            for reason in loader.skipped.reasons} == {*expected}
    assert any('.tar, x' in reason for reason in loader.skipped.reasons)


def test_where_captions_are(tmp_path):
    (tmp_path / 'a.tar').write_bytes(tar_of([
        ('d/x.JPEG', encoded()), ('d/x.txt', b'\xef\xbb\xbfa dog'),
        ('d/x.json', json.dumps(dict(alt=['b', 'c'])).encode()),
        ('d/x.cls', b'7')]))
    pattern = str(tmp_path / 'a.tar')
    sample = next(stream_of(pattern).draw(stream_of(pattern).order(0, 1)))
    assert sample.data == dict(img_id='d/x', img_bytes=encoded(),
                               texts=['a dog'], shard='a.tar')
    stream = stream_of(pattern, members=['.json'], key='alt')
    assert next(stream.draw(stream.order(0, 1))).data['texts'] == ['b', 'c']
    stream = stream_of('a.tar', data_root=str(tmp_path), pipeline=[])
    assert next(iter(stream))['img_id'] == 'd/x'


def test_order(tmp_path):
    stream = stream_of(write_shards(tmp_path), shuffle_buffer=0)
    names = names_of(stream, 48)
    epochs = names[:24], names[24:]
    assert len(set(epochs[0])) == 24 and set(epochs[0]) == set(epochs[1])
    shards = [[name[:2] for name in epoch[::6]] for epoch in epochs]
    assert shards[0] != shards[1]  # an order for each epoch
    assert names[:6] == [f'{shards[0][0]}-{k}' for k in range(6)]
    mixed = names_of(stream_of(f'{tmp_path}/s*.tar'), 24)
    assert mixed != names[:24] and set(mixed) == set(names)
    assert {name[:2] for name in mixed[:6]} == {shards[0][0]}


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 99))
def test_each_shard_of_an_epoch_has_one_reader(shards, readers, seed):
    shards += readers
    found = Counter()
    for reader in range(readers):
        order = ShardOrder(shards, reader, readers, seed)
        turn = 0
        for epoch in range(3):
            assert turn == order.first_turn(epoch)
            while order.epoch(turn) == epoch:
                found[epoch, order.shard(turn)] += 1
                turn += 1
    assert found == {(epoch, shard): 1 for epoch in range(3)
                     for shard in range(shards)}


@given(st.integers(0, 30), st.integers(0, 12), st.integers(0, 99))
def test_shuffled(count, size, seed):
    found = list(shuffled(range(count), size, (seed, 0)))
    assert sorted(found) == list(range(count))
    assert found == list(shuffled(range(count), size, (seed, 0)))
    assert size > 0 or found == list(range(count))
    assert all(item <= place + size for place, item in enumerate(found))


def test_a_corrupt_shard(tmp_path):
    pattern = write_shards(tmp_path)
    path = tmp_path / 's1.tar'
    path.write_bytes(path.read_bytes()[:len(tar_of([
        member for k in range(3) for member in pair(f's1-{k}')]
    ).rstrip(b'\0')) + 1500])  # amid the fourth image
    (tmp_path / 's2.tar').write_bytes(b'no tar' * 999)
    loader = loader_of(stream_of(pattern), batch=15)
    assert set(take(loader, 1)[0][0]) == {
        f's{shard}-{k}' for shard in (0, 1, 3) for k in range(6)
        if shard != 1 or k < 3}
    take(loader, 1)
    # once in each epoch, of which the second has begun
    assert 2 <= loader.skipped.counts[DAMAGED_SHARD] <= 4
    assert 's2.tar: invalid header' in '\n'.join(loader.skipped.reasons)
    assert 's1.tar: unexpected end of data' in '\n'.join(
        loader.skipped.reasons)


def test_a_name_twice_in_a_shard(tmp_path):
    """The first that is a pair is used, whatever the order."""
    (tmp_path / 'a.tar').write_bytes(tar_of([
        *pair('a', 'first'), *pair('b', ' '), *pair('a', 'second'),
        *pair('b'), *pair('c')]))
    stream = stream_of(f'{tmp_path}/a.tar', pipeline=[], shuffle_buffer=3)
    drawn = list(islice(stream.draw(stream.order(0, 1)), 9))
    assert Counter((one.data['img_id'], *one.data['texts'])
                   for one in drawn) == {
        ('a', 'first'): 3, ('b', 'a b'): 3, ('c', 'a c'): 3}
    assert stream.skipped.counts['samples_of_a_repeated_name'] >= 2
    assert ('samples of a repeated name: a.tar, a: a sample before it has '
            'this name') in stream.skipped.reasons


def test_fewer_shards_than_readers(tmp_path):
    stream = stream_of(write_shards(tmp_path, shards=3))
    stream.check_readers(3, 0)
    with pytest.raises(ValueError, match=r'dataset.shards are 3, fewer than '
                       r'their 4 readers \(2 processes x train_dataloader.num_'
                       'workers=2.*write more, smaller shards'):
        stream.check_readers(2, 2)
    one = stream_of(f'{tmp_path}/s1.tar')
    with pytest.raises(ValueError, match='fewer than their 2 readers'):
        loader_of(one, workers=2)
    with pytest.raises(ValueError, match=r'2 readers \(1 processes x train_'
                       'dataloader.num_workers=2'):
        next(iter(DataLoader(one, num_workers=2)))


def test_shards_without_a_pair(tmp_path):
    pattern = write_shards(tmp_path)
    stream = stream_of(pattern, members=('json', ))
    with pytest.raises(ValueError, match=r"(?s)nothing can be used: 48 bad "
                       r"records in a row in 8 readings of a shard.*"
                       r"members=\('json',\) "
                       r"and .key='caption' right.*no member json"):
        take(loader_of(stream), 1)
    for path in tmp_path.glob('*.tar'):
        path.write_bytes(tar_of([('a.cls', b'1')]))
    with pytest.raises(ValueError, match='nothing can be used: 0 bad records '
                       '.* right[?] No shard has a member of such a name.$'):
        take(loader_of(stream_of(pattern)), 1)
    for path in tmp_path.glob('*.tar'):
        path.write_bytes(b'')
    with pytest.raises(ValueError, match='(?s)8 bad records.*damaged shards: '
                       'file://.*empty file'):
        take(loader_of(stream_of(pattern)), 1)


def test_images_that_nobody_can_decode(tmp_path, monkeypatch):
    monkeypatch.setattr(image_text_shards, 'MOST_BAD', 5)
    (tmp_path / 'a.tar').write_bytes(tar_of(
        [member for k in range(9) for member in pair(str(k), image=b'x')]))
    with pytest.raises(ValueError, match='(?s)5 bad records in a row in 0 '
                       'readings of a shard.*unreadable images: a.tar, '):
        take(loader_of(stream_of(f'{tmp_path}/a.tar')), 1)


def test_mistakes_in_the_pipeline_stop_the_run(tmp_path):
    stream = stream_of(write_shards(tmp_path),
                       pipeline=[*PIPELINE[:2], lambda results: 1 / 0])
    with pytest.raises(ZeroDivisionError):
        take(loader_of(stream), 1)


def test_with_a_plain_loader(tmp_path):
    """Also without our training loop, every pair once in an epoch."""
    stream = pickle.loads(pickle.dumps(stream_of(write_shards(tmp_path))))
    for workers in (0, 2):
        loader = DataLoader(stream, 4, num_workers=workers, collate_fn=list)
        names = [sample['data_samples'].img_id
                 for batch in islice(loader, 6) for sample in batch]
        assert len(set(names)) == 24


def test_place_is_behind_the_sample(tmp_path):
    stream = stream_of(write_shards(tmp_path))
    order = stream.order(0, 1)
    found = list(islice(stream.draw(order), 20))
    assert found[0].place == Place(0, 1) and found[6].place == Place(1, 1)
    for k in (3, 5, 11):
        again = islice(stream.draw(order, found[k].place), 20 - k - 1)
        assert list(again) == found[k + 1:]


def test_a_single_extension_may_be_a_text():
    """Not its letters."""
    records = ShardRecords('.JPG', 'json', 'caption')
    assert records.images == ('jpg', )
    assert records.source.members == ('json', )
