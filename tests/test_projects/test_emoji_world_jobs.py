"""Commands that need each other's files, run once each."""
import pytest

from projects.emoji_world.emoji_world.jobs import (Job, JobError, run,
                                                   seconds_of, wall_seconds)


def append(path, text, fail=False):
    """A command that adds a word to a file."""
    code = f'open({str(path)!r}, "a").write({text!r}); exit({int(fail)})'
    return '-c', code


def test_each_runs_once_after_what_it_needs(tmp_path):
    out, folder = tmp_path / 'out.txt', tmp_path / 'jobs'
    jobs = [Job('c', append(out, 'c'), ('a', 'b')),
            Job('a', append(out, 'a')), Job('b', append(out, 'b'), ('a', ))]
    run(jobs, folder, at_once=2)
    assert out.read_text() == 'abc'
    assert all(seconds_of(job, folder) > 0 for job in jobs)
    assert 0 < wall_seconds(folder) < sum(
        seconds_of(job, folder) for job in jobs) + 5
    run([*jobs, Job('d', append(out, 'd'), ('c', ))], folder, at_once=2)
    assert out.read_text() == 'abcd'


def test_failed_job_is_told_and_run_again(tmp_path):
    out, folder = tmp_path / 'out.txt', tmp_path / 'jobs'
    bad = Job('bad', ('-c', 'import os; print("why it is"); '
                      f'exit(0 if os.path.exists({str(tmp_path / "mended")!r})'
                      ' else 3)'))
    after = Job('after', append(out, 'x'), ('bad', ))
    with pytest.raises(JobError, match='bad ended with 3:\nwhy it is'):
        run([bad, after], folder, at_once=1)
    assert seconds_of(bad, folder) == -1 and not out.exists()
    (tmp_path / 'mended').touch()
    run([bad, after], folder, at_once=1)
    assert out.read_text() == 'x'


def test_time_before_an_interruption_counts(tmp_path):
    (tmp_path / 'a.spent').write_text('100')
    job = Job('a', ('-c', ''))
    run([job], tmp_path, at_once=1)
    assert 100 < seconds_of(job, tmp_path) < 120


def test_job_that_can_never_start(tmp_path):
    with pytest.raises(JobError, match='b needs nowhere'):
        run([Job('b', ('-c', ''), ('nowhere', ))], tmp_path, at_once=1)


@pytest.mark.parametrize('what', ['command', 'config', 'need'])
def test_what_was_another_job_is_refused(tmp_path, what):
    """Else figures of two settings would stand in one table."""
    config, out = tmp_path / 'config.py', tmp_path / 'out.txt'

    def jobs(first, second):
        return [Job('a', append(out, first), config=str(config)),
                Job('b', append(out, second), ('a', ))]

    config.write_text('lr = 1')
    run(jobs('a', 'b'), tmp_path, at_once=2)
    if what == 'config':
        config.write_text('lr = 2')
    name, changed = dict(command=('b', jobs('a', 'c')), config=(
        'a', jobs('a', 'b')), need=('a', jobs('x', 'b')))[what]
    with pytest.raises(JobError, match=f'{name} was begun with another'):
        run(changed, tmp_path, at_once=2)
    for path in tmp_path.glob('a.*'):
        path.unlink()
    if what != 'command':  # what needs it is not taken for done either
        with pytest.raises(JobError, match='b was begun with another'):
            run(changed, tmp_path, at_once=2)
    assert out.read_text()[:2] == 'ab'
