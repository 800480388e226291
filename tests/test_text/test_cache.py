"""VocabularyCache: one computation for many processes, never a wrong entry."""
import multiprocessing
import os
import signal
import threading
import time

import pytest
import torch

from regionclip_mm.text import Vocabulary, encode_vocabulary
from regionclip_mm.text.cache import VocabularyCache, default_cache_dir

NAMES = [f'name {i}' for i in range(50)]
FORK = multiprocessing.get_context('fork')


def made(names=NAMES, fingerprint='f', templates=('{}', ), value=1.):
    return Vocabulary(tuple(names), torch.full((len(names), 8), value),
                      dict(text_encoder=fingerprint,
                           templates=list(templates)))


def get(folder, compute=made, names=NAMES):
    return VocabularyCache(folder).get('f', ['{}'], names, compute)


def never():
    raise AssertionError('computed again')


def slowly(counter):
    with counter.get_lock():
        counter.value += 1
    time.sleep(0.3)
    return made()


def get_in_process(folder, counter, start, results):
    start.wait()
    found = get(folder, lambda: slowly(counter))
    results.put((len(found), found.embeddings.sum().item()))


def test_many_processes_compute_once(tmp_path):
    counter, start = FORK.Value('i', 0), FORK.Event()
    results = FORK.Queue()
    workers = [FORK.Process(target=get_in_process, args=(
        tmp_path, counter, start, results)) for _ in range(8)]
    for worker in workers:
        worker.start()
    start.set()
    found = [results.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    assert found == [(50, 400.)] * 8
    assert counter.value == 1
    assert [p.suffix for p in sorted(tmp_path.glob('*.pth*'))
            if p.suffix != '.lock'] == ['.pth']


def test_threads_compute_once(tmp_path):
    counter = FORK.Value('i', 0)
    threads = [threading.Thread(target=get, args=(
        tmp_path, lambda: slowly(counter))) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counter.value == 1


def die_while_computing(folder, ready):
    def compute():
        ready.set()
        time.sleep(60)

    get(folder, compute)


def die_while_writing(folder, ready):
    def hang(content, file):
        with open(file, 'wb') as partial:
            partial.write(b'PK\x03\x04 half')
        ready.set()
        time.sleep(60)

    torch.save = hang  # this process only
    get(folder)


@pytest.mark.parametrize('victim', [die_while_computing, die_while_writing])
def test_killed_writers_leave_nothing_behind(tmp_path, victim):
    ready = FORK.Event()
    process = FORK.Process(target=victim, args=(tmp_path, ready))
    process.start()
    assert ready.wait(30)
    os.kill(process.pid, signal.SIGKILL)
    process.join(30)
    assert torch.equal(get(tmp_path).embeddings, made().embeddings)
    assert not list(tmp_path.glob('*.tmp'))
    get(tmp_path, never)


def test_old_leftovers_of_other_entries_are_removed(tmp_path):
    old, young = (tmp_path / f'{name * 64}.pth.{name * 32}.tmp'
                  for name in 'ab')
    for path in (old, young):
        path.write_bytes(b'half')
    os.utime(old, (0, time.time() - 7200))
    get(tmp_path)
    assert not old.exists() and young.exists()


def test_a_folder_where_the_entry_should_be(tmp_path):
    VocabularyCache(tmp_path).entry('f', ['{}'], NAMES).mkdir()
    with pytest.warns(UserWarning, match='was not cached.*ordinary file'):
        assert len(get(tmp_path)) == 50


def test_failed_computations_are_tried_again(tmp_path):
    with pytest.raises(AssertionError, match='computed again'):
        get(tmp_path, never)
    get(tmp_path)
    get(tmp_path, never)


@pytest.mark.parametrize('damage', [
    lambda data: b'', lambda data: data[:len(data) // 2],
    lambda data: b'<html>', lambda data: flipped(data)])
def test_damaged_entries_are_made_anew(tmp_path, damage):
    get(tmp_path)
    path = VocabularyCache(tmp_path).entry('f', ['{}'], NAMES)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.warns(UserWarning, match='cached vocabulary is made anew'):
        found = get(tmp_path)
    assert torch.equal(found.embeddings, made().embeddings)
    get(tmp_path, never)


def flipped(data: bytes) -> bytes:
    """One wrong byte in the middle of the embeddings."""
    where = data.index(b'\x00\x00\x80\x3f' * 100) + 200
    return data[:where] + b'\x12' + data[where + 1:]


@pytest.mark.parametrize('other', [
    made(fingerprint='g'), made(templates=['a {}']), made(NAMES[::-1])])
def test_entries_of_others_are_not_served(tmp_path, other):
    """Even if they lie under our key."""
    other.save(VocabularyCache(tmp_path).entry('f', ['{}'], NAMES))
    found = get(tmp_path)
    assert found.names == tuple(NAMES)
    assert found.meta['text_encoder'] == 'f'
    get(tmp_path, never)


def test_keys_differ_in_every_part(tmp_path):
    entry = VocabularyCache(tmp_path).entry
    keys = {entry('f', ['{}'], ['a', 'b']), entry('g', ['{}'], ['a', 'b']),
            entry('f', ['{}.'], ['a', 'b']), entry('f', ['{}'], ['b', 'a']),
            entry('f', ['{}'], ['a b']), entry('f', ['{}', 'a'], ['b'])}
    assert len(keys) == 6


def test_another_encoder_is_never_served(tmp_path, nano, make_nano):
    other, names = make_nano(seed=1), ['cat', 'dog']

    def through_cache(encoder):
        return VocabularyCache(tmp_path).get(
            encoder.fingerprint(), ['{}'], names,
            lambda: encode_vocabulary(names, encoder, ['{}']))

    first, second = through_cache(nano), through_cache(other)
    assert not torch.allclose(first.embeddings, second.embeddings)
    torch.testing.assert_close(through_cache(other).embeddings,
                               encode_vocabulary(names, other,
                                                 ['{}']).embeddings)


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.warns(UserWarning, match='Set REGIONCLIP_MM_CACHE'):
        found = get(tmp_path / 'file' / 'cache')
    assert len(found) == 50


def test_the_default_folder_follows_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv('REGIONCLIP_MM_CACHE', str(tmp_path / 'here'))
    assert default_cache_dir() == tmp_path / 'here' / 'vocabularies'
    assert VocabularyCache().folder == default_cache_dir()
    monkeypatch.delenv('REGIONCLIP_MM_CACHE')
    monkeypatch.setenv('HOME', str(tmp_path))
    assert default_cache_dir() == (
        tmp_path / '.cache' / 'regionclip_mm' / 'vocabularies')
