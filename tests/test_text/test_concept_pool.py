"""Counts of concepts: however many processes, however often interrupted."""
import errno
import json
import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from regionclip_mm.io.sample_captions import CaptionSource
from regionclip_mm.text import concept_pool
from regionclip_mm.text.concept_parser import ConceptParser
from regionclip_mm.text.concept_pool import count_concepts

NOUNS = ('dog', 'cat', 'table', 'traffic light', 'horse', 'tree', 'car')


class SlowParser(ConceptParser):
    """Takes its time, and notes how many captions it was given."""
    log = None

    def count(self, captions):
        time.sleep(0.02)
        if self.log:
            with open(self.log, 'a') as file:
                file.write('x' * len(captions))
        return super().count(captions)


@pytest.fixture(scope='module')
def parser():
    return SlowParser()


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.setattr(concept_pool, 'PER_BLOCK', 5)
    for number in range(4):
        lines = [f'a {NOUNS[(number * i) % 7]} and two {NOUNS[i % 5]}s\n'
                 for i in range(23)]
        (tmp_path / f'{number}.txt').write_text(''.join(lines))
    (tmp_path / '4.jsonl').write_text('{"caption": "a bear"}\nno\n' * 10)
    (tmp_path / '5.json').write_text('[')
    (tmp_path / '6.txt').touch()
    return sorted(tmp_path.glob('*.*'))


def last(*args, **kwargs):
    for progress in count_concepts(*args, **kwargs):
        pass
    return progress


@pytest.fixture
def whole(files, parser, tmp_path):
    found = last(files, parser, tmp_path / 'whole')
    (tmp_path / 'whole').unlink()
    return found.counts.as_dict()


def test_account(whole):
    assert whole['concepts']['bear'] == 10
    assert sum(whole['concepts'].values()) == 4 * 23 * 2 + 10
    assert whole['account'] == dict(
        captions=4 * 23 + 10, captions_without_concept=0, broken_records=10,
        damaged_files=1)
    assert len(whole['examples']['broken_records']) == 5
    assert '4.jsonl:2: no json' in whole['examples']['broken_records'][0]


def test_number_of_processes(files, parser, tmp_path, whole):
    found = last(files, parser, tmp_path / 'p', processes=2)
    assert found.counts.as_dict() == whole
    assert found.captions == 102 and found.spacy_seconds > 0


def test_how_far_it_is(files, parser, tmp_path):
    sizes = [path.stat().st_size for path in files]
    done = [sum(sizes[:p.file]) + p.position
            for p in count_concepts(files, parser, tmp_path / 'p')]
    assert done == sorted(done)
    assert done[0] == 0 and done[-1] == sum(sizes)


def test_a_finished_run_is_not_repeated(files, parser, tmp_path, whole):
    last(files, parser, tmp_path / 'p')
    again = last(files, parser, tmp_path / 'p')
    assert again.counts.as_dict() == whole and again.captions == 0


def test_ctrl_c_saves(files, parser, tmp_path, whole):
    run = count_concepts(files, parser, tmp_path / 'p')
    for _ in range(8):
        next(run)
    with pytest.raises(KeyboardInterrupt):
        run.throw(KeyboardInterrupt)
    again = last(files, parser, tmp_path / 'p')
    assert again.counts.as_dict() == whole
    assert again.captions == 102 - 7 * 5 + 2  # the fifth block has three


@pytest.mark.parametrize('change', ['file', 'source', 'parser', 'damage'])
def test_other_work_starts_anew(files, parser, tmp_path, change, whole):
    run = count_concepts(files, parser, tmp_path / 'p')
    for _ in range(8):
        next(run)
    with pytest.raises(KeyboardInterrupt):
        run.throw(KeyboardInterrupt)
    source = CaptionSource('text' if change == 'source' else 'caption')
    if change == 'file':
        os.utime(files[0], (1, 1))
    elif change == 'parser':
        parser = SlowParser()
        parser.origin = dict(parser.origin, spacy='9.9')
    elif change == 'damage':
        (tmp_path / 'p').write_text('{"key": ')
    with pytest.warns(UserWarning, match='all captions are parsed'):
        again = last(files, parser, tmp_path / 'p', source)
    assert again.captions == (92 if change == 'source' else 102)


def children(pid: int) -> list:
    path = Path(f'/proc/{pid}/task/{pid}/children')
    return path.read_text().split()


def gone(pid: str) -> bool:
    try:
        return Path(f'/proc/{pid}/stat').read_text().split()[2] == 'Z'
    except OSError:
        return True


@pytest.mark.skipif(not Path(f'/proc/{os.getpid()}/task').exists(),
                    reason='reads /proc')
@pytest.mark.parametrize('processes', [1, 2])
def test_killed_runs_go_on(files, parser, tmp_path, monkeypatch, whole,
                           processes):
    monkeypatch.setattr(concept_pool, 'SAVE_EVERY', 0)
    monkeypatch.setattr(concept_pool._Saver, 'SHARE', 0)
    partial, kills = tmp_path / 'p', 0
    context = multiprocessing.get_context('fork')
    for blocks in (3, 3):
        run = context.Process(target=last, args=(files, parser, partial),
                              kwargs=dict(processes=processes))
        run.start()
        deadline, seen = time.time() + 20, set()
        while len(seen) < blocks and run.is_alive():
            assert time.time() < deadline
            if partial.exists():
                seen.add(partial.stat().st_mtime_ns)
            time.sleep(0.002)
        helpers = children(run.pid) if run.is_alive() else []
        kills += run.is_alive()
        os.kill(run.pid, signal.SIGKILL)
        run.join()
        assert len(helpers) == (2 if processes == 2 else 0)
        while not all(map(gone, helpers)):
            assert time.time() < deadline, 'helpers outlive their parent'
            time.sleep(0.01)
    assert kills == 2
    parser.log = tmp_path / 'log'
    try:
        again = last(files, parser, partial, processes=processes)
    finally:
        parser.log = None
    assert again.counts.as_dict() == whole
    assert 0 < (tmp_path / 'log').stat().st_size < 102 - 5


class DyingParser(SlowParser):
    """Ends its process at some caption."""

    def count(self, captions):
        if any('bear' in caption for caption in captions):
            os._exit(1)
        return super().count(captions)


def test_a_full_disk(files, parser, tmp_path, monkeypatch, whole):
    """The same call goes on from what was saved before."""
    def fsync(descriptor):
        calls.append(descriptor)
        if len(calls) == 3:
            raise OSError(errno.ENOSPC, 'No space left on device')

    calls, partial = [], tmp_path / 'full.json'
    monkeypatch.setattr(concept_pool, 'SAVE_EVERY', 0)
    monkeypatch.setattr(concept_pool._Saver, 'SHARE', 0)
    with monkeypatch.context() as disk:
        disk.setattr(os, 'fsync', fsync)
        with pytest.raises(RuntimeError, match=(
                rf'{partial} cannot be written \(No space left on device\). '
                'When it can, the same command goes on from what it saved')):
            last(files, parser, partial)
    assert json.loads(partial.read_text())['blocks'] > 0
    resumed = last(files, parser, partial)
    assert resumed.counts.as_dict() == whole
    assert 0 < resumed.captions < whole['account']['captions']


def test_a_process_that_dies(files, tmp_path, parser, whole):
    with pytest.raises(RuntimeError, match='same command .* goes on from her'):
        last(files, DyingParser(), tmp_path / 'p', processes=2)
    again = last(files, parser, tmp_path / 'p')
    assert again.counts.as_dict() == whole
    assert again.captions < 102
