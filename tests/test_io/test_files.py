"""Files that are written whole or not at all, and what kills leave behind."""
import errno
import multiprocessing
import os
import signal
import time
import uuid

import pytest
import torch

from regionclip_mm.datasets.annotation_files import write_whole
from regionclip_mm.io.files import (STALE, load_plain_file, remove_leftovers,
                                    save_plain_file)

FORK = multiprocessing.get_context('fork')


def half(data, file, *args, **kwargs):
    """A ``torch.save`` that breaks in the middle."""
    with open(file, 'wb') as partial:
        partial.write(b'PK\x03\x04 half')
    raise OSError('no space left on device')


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / 'a.pth'
    save_plain_file(dict(number=1), path)
    with monkeypatch.context() as broken:
        broken.setattr(torch, 'save', half)
        with pytest.raises(OSError, match='no space left'):
            save_plain_file(dict(number=2), path)
    assert load_plain_file(path) == dict(number=1)
    assert os.listdir(tmp_path) == ['a.pth']


def test_errors_of_writing_name_the_file(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(os, 'fsync', full)
    with pytest.raises(OSError) as raised:
        write_whole(tmp_path / 'a.txt', 'a')
    assert str(raised.value) == (
        f"[Errno 28] No space left on device: '{tmp_path}/a.txt'")
    assert not os.listdir(tmp_path)


def hang_while_writing(path, ready):
    def hang(data, file):
        with open(file, 'wb') as partial:
            partial.write(b'PK\x03\x04 half')
        ready.set()
        time.sleep(60)

    torch.save = hang  # this process only
    save_plain_file(dict(number=2), path)


def test_a_killed_write_leaves_the_old_file(tmp_path):
    path, ready = tmp_path / 'a.pth', FORK.Event()
    save_plain_file(dict(number=1), path)
    process = FORK.Process(target=hang_while_writing, args=(path, ready))
    process.start()
    assert ready.wait(60)
    os.kill(process.pid, signal.SIGKILL)
    process.join(60)
    assert load_plain_file(path) == dict(number=1)
    left, = tmp_path.glob('a.pth.*.tmp')
    save_plain_file(dict(number=3), path)
    assert left.exists()  # so young that somebody may be writing it
    os.utime(left, (0, time.time() - STALE - 60))
    save_plain_file(dict(number=4), path)
    assert os.listdir(tmp_path) == ['a.pth']
    assert load_plain_file(path) == dict(number=4)


@pytest.mark.parametrize('write', [
    lambda path: save_plain_file(1, path),
    lambda path: write_whole(path, 'new')])
def test_only_leftovers_of_the_same_file_are_removed(tmp_path, write):
    code = uuid.uuid4().hex
    kept = ['a', f'a.{code}', 'a.0.tmp', f'b.{code}.tmp', f'a.{code}.tmp.gz',
            f'xa.{code}.tmp', 'a.json.tmp', f'a.{code}.partial']
    for name in (*kept, f'a.{code}.tmp'):
        (tmp_path / name).write_text('old')
        os.utime(tmp_path / name, (0, 0))
    write(tmp_path / 'a')
    assert sorted(os.listdir(tmp_path)) == sorted(kept)
    assert (tmp_path / 'a').read_bytes() != b'old'


def test_leftovers_of_any_file(tmp_path):
    for name in 'ab':
        (tmp_path / f'{name}.{uuid.uuid4().hex}.tmp').write_text('')
        os.utime(next(tmp_path.glob(f'{name}.*')), (0, 0))
    remove_leftovers(tmp_path, 'tmp')
    assert not os.listdir(tmp_path)
    remove_leftovers(tmp_path / 'no such folder', 'tmp')


def write_often(path, number):
    for _ in range(20):
        save_plain_file(dict(number=number), path)


def test_many_writers_of_one_file(tmp_path):
    path = tmp_path / 'a.pth'
    writers = [FORK.Process(target=write_often, args=(path, i))
               for i in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(120)
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    assert load_plain_file(path)['number'] in range(3)
    assert os.listdir(tmp_path) == ['a.pth']


def test_a_failed_text_leaves_the_old_file(tmp_path):
    path = tmp_path / 'a.txt'
    write_whole(path, 'old')
    with pytest.raises(UnicodeEncodeError):
        write_whole(path, 'new \ud800')
    assert path.read_text() == 'old' and os.listdir(tmp_path) == ['a.txt']


def test_it_is_on_disk_before_it_has_its_name(tmp_path, monkeypatch):
    calls = []
    for name in ('fsync', 'replace'):
        function = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *args, f=function, n=name:
                            (calls.append(n), f(*args)))
    save_plain_file(1, tmp_path / 'a.pth')
    assert calls == ['fsync', 'replace', 'fsync']
