"""Runs commands that need each other's files, some at a time."""
import hashlib
import json
import os
import shlex
import subprocess
import sys
import time
from concurrent.futures import (FIRST_COMPLETED, Future, ThreadPoolExecutor,
                                wait)
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

from mmengine.config import Config


@dataclass(frozen=True)
class Job:
    """A command, which is not run again once it has ended well.

    Attributes:
        name: Of the files that say so, and of its log.
        command: Words after ``python``.
        needs: Names of jobs that must have ended well before.
        config: The config that it reads, if any.
    """
    name: str
    command: Tuple[str, ...]
    needs: Tuple[str, ...] = ()
    config: str = ''

    def __str__(self) -> str:
        return 'python ' + ' '.join(map(shlex.quote, self.command))


class JobError(RuntimeError):
    """A command failed, or was another one before."""


def chosen(jobs: Sequence[Job], texts: Sequence[str]) -> List[Job]:
    """Jobs whose names contain one of the texts, with what they need.

    Raises:
        ValueError: For a text that no name contains.
    """
    for text in texts:
        if not any(text in job.name for job in jobs):
            raise ValueError(f'--only: no job of --commands has {text!r} in '
                             'its name')
    names = {job.name for job in jobs if any(t in job.name for t in texts)}
    for job in reversed(jobs):  # what is needed comes before
        if job.name in names:
            names.update(job.needs)
    return [job for job in jobs if job.name in names]


def seconds_of(job: Job, folder: Path) -> float:
    """What a job took, over all its attempts; -1 if it has not ended."""
    path = folder / f'{job.name}.done'
    return json.loads(path.read_text())['seconds'] if path.exists() else -1


def wall_seconds(folder: Path) -> float:
    """How long jobs have been run in a folder, to the last that ended."""
    path = folder / 'wall.spent'
    return float(path.read_text()) if path.exists() else 0.


def run(jobs: Sequence[Job], folder: Path, at_once: int) -> None:
    """Run the jobs that have not ended well, each with one thread.

    Args:
        jobs: In the order they are wished for.
        folder: For logs, and for notes of what is done.
        at_once: Number of processes.

    Raises:
        JobError: When a command failed, after those that run have ended, or
            a job needs what is not there, or was begun with another command
            or config, or what it needs was.
    """
    folder.mkdir(parents=True, exist_ok=True)
    left = list(jobs)
    done: Dict[str, str] = {}  # name -> identity
    running: Dict[Future, Tuple[Job, str]] = {}
    before, begun = wall_seconds(folder), time.perf_counter()
    with ThreadPoolExecutor(at_once) as pool:
        while left or running:
            job = _next(left, done)
            if job and len(running) < at_once:
                left.remove(job)
                identity = _identity(job, done)
                if _has_ended(job, identity, folder):
                    done[job.name] = identity
                else:
                    future = pool.submit(_run_one, job, folder)
                    running[future] = job, identity
                continue
            if not running:
                raise JobError(f'{left[0].name} needs '
                               f'{", ".join(set(left[0].needs) - set(done))}')
            ended, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in ended:
                job, identity = running.pop(future)
                future.result()
                done[job.name] = identity
                (folder / 'wall.spent').write_text(
                    str(before + time.perf_counter() - begun))
                print(f'{len(done)} of {len(jobs)} jobs: {job.name}, '
                      f'{seconds_of(job, folder):.0f} s', flush=True)


def _next(left: Sequence[Job], done: Dict[str, str]) -> Optional[Job]:
    """The first job that has all it needs."""
    return next((job for job in left if set(job.needs) <= set(done)), None)


def _has_ended(job: Job, identity: str, folder: Path) -> bool:
    """Whether a job need not be run; notes what it is, if so for the first
    time."""
    path = folder / f'{job.name}.begun'
    if path.exists() and path.read_text() != identity:
        raise JobError(
            f'{job.name} was begun with another command or config, or '
            'something it needs was; to run it anew, remove '
            f'{folder}/{job.name}* and start again')
    path.write_text(identity)
    return seconds_of(job, folder) >= 0


def _identity(job: Job, done: Dict[str, str]) -> str:
    """A digest of a command, its config and all that it needs."""
    parts = [str(job), *(done[name] for name in job.needs)]
    if job.config:
        parts.append(repr(Config.fromfile(
            job.config, import_custom_modules=False).to_dict()))
    return hashlib.sha256('\n'.join(parts).encode()).hexdigest()


def _run_one(job: Job, folder: Path) -> None:
    """Run a command; time spent before an interruption counts, too."""
    spent, log = folder / f'{job.name}.spent', folder / f'{job.name}.log'
    before = float(spent.read_text()) if spent.exists() else 0.
    begun = time.perf_counter()
    with log.open('a') as out:
        process = subprocess.Popen(
            [sys.executable, *job.command], stdout=out, stderr=out,
            env=dict(os.environ, OMP_NUM_THREADS='1'))
        while True:
            try:
                code = process.wait(5)
                break
            except subprocess.TimeoutExpired:
                spent.write_text(str(before + time.perf_counter() - begun))
    if code:
        tail = '\n'.join(log.read_text().splitlines()[-5:])
        raise JobError(f'{job.name} ended with {code}:\n{tail}\n(all of it in '
                       f'{log})')
    seconds = before + time.perf_counter() - begun
    (folder / f'{job.name}.done').write_text(json.dumps(
        dict(seconds=seconds, command=str(job))))
