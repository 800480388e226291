"""Runs commands that need each other's files, some at a time."""
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
from typing import Dict, Sequence, Tuple


@dataclass(frozen=True)
class Job:
    """A command, which is not run again once it has ended well.

    Attributes:
        name: Of the file that says so, and of its log.
        command: Words after ``python``.
        needs: Names of jobs that must have ended well before.
    """
    name: str
    command: Tuple[str, ...]
    needs: Tuple[str, ...] = ()

    def __str__(self) -> str:
        return 'python ' + ' '.join(map(shlex.quote, self.command))


class JobError(RuntimeError):
    """A command failed."""


def seconds_of(job: Job, folder: Path) -> float:
    """What a job took, over all its attempts; -1 if it has not ended."""
    path = folder / f'{job.name}.done'
    return json.loads(path.read_text())['seconds'] if path.exists() else -1


def run(jobs: Sequence[Job], folder: Path, at_once: int) -> None:
    """Run the jobs that have not ended well, each with one thread.

    Args:
        jobs: In the order they are wished for.
        folder: For logs, and for notes of what is done.
        at_once: Number of processes.

    Raises:
        JobError: When a command failed, after those that run have ended, or
            a job needs what is not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    left = [job for job in jobs if seconds_of(job, folder) < 0]
    done = {job.name for job in jobs} - {job.name for job in left}
    running: Dict[Future, Job] = {}
    with ThreadPoolExecutor(at_once) as pool:
        while left or running:
            for job in [j for j in left if done.issuperset(j.needs)]:
                if len(running) < at_once:
                    left.remove(job)
                    running[pool.submit(_run_one, job, folder)] = job
            if not running:
                raise JobError(f'{left[0].name} needs '
                               f'{", ".join(set(left[0].needs) - done)}')
            ended, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in ended:
                job = running.pop(future)
                future.result()
                done.add(job.name)
                print(f'{len(done)} of {len(jobs)} jobs: {job.name}, '
                      f'{seconds_of(job, folder):.0f} s', flush=True)


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
