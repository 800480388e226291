"""Streams that go on where they stopped."""
from functools import partial

import pytest
from pair_data import (loader_of, pair, same, stream_of, take, tar_of,
                       write_shards)
from torch.utils.data import DataLoader, IterableDataset
from two_processes import on_two

from regionclip_mm.engine.data import make_resumable, stream_loader
from regionclip_mm.io.skipped_data import NO_CAPTION


@pytest.fixture
def pattern(tmp_path):
    """Five shards with 6 pairs, and one bad one in the midst of each."""
    write_shards(tmp_path, shards=5)
    for path in tmp_path.glob('*.tar'):
        path.write_bytes(tar_of(
            [member for k in range(3) for member in pair(f'{path.stem}-{k}')]
            + pair('bad', ' ')
            + [member for k in (3, 4, 5)
               for member in pair(f'{path.stem}-{k}')]))
    return f'{tmp_path}/*.tar'


@pytest.fixture
def logged(monkeypatch):
    lines = []
    monkeypatch.setattr(stream_loader, 'print_log',
                        lambda line, *_: lines.append(line))
    return lines


@pytest.mark.parametrize('options', [
    dict(), dict(workers=2), dict(workers=2, persistent_workers=True),
    pytest.param(dict(workers=2, multiprocessing_context='spawn'),
                 marks=pytest.mark.slow)  # each worker imports everything
], ids=str)
def test_goes_on_anywhere(options, pattern, logged):
    """The same pairs, captions and pixels; counts as if uninterrupted."""
    whole = loader_of(stream_of(pattern), **options)
    batches = take(whole, 20)
    spawned = 'multiprocessing_context' in options
    for done in (9, ) if spawned else (1, 7, 8, 15):
        first = loader_of(stream_of(pattern), **options)
        assert same(take(first, done), batches[:done])
        second = loader_of(stream_of(pattern), **dict(options, seed=99))
        second.go_to(**first.position())
        second.skipped.update(first.skipped)
        assert same(take(second, 20 - done), batches[done:])
        assert second.skipped.counts == whole.skipped.counts
        assert second.position() == whole.position()
    assert whole.skipped.counts[NO_CAPTION] in (5, 6, 7, 8)
    assert not logged
    assert not same(take(loader_of(stream_of(pattern), **dict(
        options, seed=99)), 20), batches)


@pytest.mark.parametrize('persistent', [False, True])
def test_a_second_pass_goes_on(persistent, pattern):
    options = dict(workers=2, persistent_workers=persistent)
    loader = loader_of(stream_of(pattern), **options)
    batches = take(loader, 5) + take(loader, 4)
    assert same(batches, take(loader_of(stream_of(pattern), **options), 9))


def test_augmentation_does_not_depend_on_the_reader(pattern):
    def looks(workers, batches):  # of the first epoch
        batches = take(loader_of(stream_of(pattern), workers), batches)
        return {name: (text, image.shape) for names, texts, images in batches
                for name, text, image in zip(names, texts, images)}

    one, two = looks(0, 15), looks(2, 10)
    assert len(one) == 30 and len(two) == 20
    assert all(one[name] == two[name] for name in two)
    assert len({shape for _, shape in one.values()}) == 3


def read_an_epoch(pattern, rank):
    """Names per batch, and the place after some of them."""
    loader = loader_of(stream_of(pattern), workers=2, batch=3)
    names = [names for names, *_ in take(loader, 4)]
    position = loader.position()
    again = loader_of(stream_of(pattern), workers=2, batch=3, seed=rank)
    again.go_to(**position)
    return names, position, [take(again, 3), take(loader, 3)]


def test_two_processes_with_two_workers(tmp_path):
    folder = tmp_path / 'shards'
    folder.mkdir()
    pattern = write_shards(folder, shards=8)
    results = on_two(partial(read_an_epoch, pattern), tmp_path)
    names = [name for batches, *_ in results for batch in batches
             for name in batch]
    # each worker of each process has given two batches: one of two shards
    assert len(names) == 24 == len(set(names))
    positions = [position for _, position, _ in results]
    assert positions[0] == positions[1] and len(positions[0]['places']) == 2
    for _, _, (resumed, went_on) in results:
        assert same(resumed, went_on)


def test_every_pair_once_over_two_processes(tmp_path):
    folder = tmp_path / 'shards'
    folder.mkdir()
    pattern = write_shards(folder, shards=8, each=3)
    results = on_two(partial(read_an_epoch, pattern), tmp_path)
    names = [name for batches, *_ in results for batch in batches
             for name in batch]
    assert sorted(names) == sorted(
        f's{shard}-{k}' for shard in range(8) for k in range(3))


def test_another_number_of_workers(pattern, logged):
    first = loader_of(stream_of(pattern), workers=2)
    take(first, 9)
    position = first.position()
    assert position['epoch'] == 0
    second = loader_of(stream_of(pattern))
    second.go_to(**position)
    assert logged == [
        'The run read its data with 1 processes x 2 readers, '
        f'{position["shards"]}; now there are 1 processes x 1 readers, '
        f'{position["shards"]}. It goes on with epoch 1 of the data: what was '
        'left of epoch 0 (counted from 0) is not read.']
    whole = take(loader_of(stream_of(pattern)), 30)
    assert same(take(second, 15), whole[15:])


def test_other_shards(pattern, tmp_path, logged):
    first = loader_of(stream_of(pattern))
    take(first, 20)
    (tmp_path / 's9.tar').write_bytes(tar_of(pair('new')))
    second = loader_of(stream_of(pattern))
    second.go_to(**first.position())
    assert 'now there are 1 processes x 1 readers, 6 shards' in logged[0]
    assert second.position()['epoch'] == 2


def test_streams_that_do_not_know_their_place():
    stream = type('Stream', (IterableDataset, ), dict(
        __iter__=list, draw=list))()
    with pytest.raises(TypeError, match='a stream that knows its place'):
        make_resumable(DataLoader(stream, 2), 0)


def test_a_stream_in_batches_of_none(pattern):
    with pytest.raises(TypeError, match='takes a batch_size'):
        make_resumable(DataLoader(stream_of(pattern), None), 0)
