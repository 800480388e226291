"""Run the tests on every interpreter and stack there is: make test-matrix.

    python tools/test_matrix.py --list
    python tools/test_matrix.py --only pinned-3.12

Each cell of the matrix has an environment of its own in .matrix/, made once
(10 minutes or more on two cores), a log, and a result that is kept until the
sources change; so what was interrupted goes on with the next cell.
"""
import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Sequence, TextIO

ROOT = Path(__file__).resolve().parents[1]
# A key of STACKS, and the versions of Python it is tried on.
PYTHONS = {'pinned': ('3.10', '3.11', '3.12'), 'openmmlab': ('3.10', '3.11')}
MEANING = {
    'pinned': 'the versions of requirements/',
    'openmmlab': 'torch 2.1, torchvision 0.16, numpy 1.26, mmcv 2.1.0'}
OLD = ('torch==2.1.0', 'torchvision==0.16.0', 'numpy==1.26.4')
# Their pins want a newer numpy or torch: any version that fits instead.
NEWEST = {'pyarrow': 'pyarrow<20'}  # that takes this numpy
# Seconds; pytest-xdist may wait forever when a test has ended its process.
LONGEST = 7200
UNPINNED = ('scipy', 'opencv-python-headless', 'matplotlib', 'onnx',
            'onnxscript', 'onnxruntime', 'pyarrow', 'h5py', 'faiss-cpu',
            'spacy')


class Cell(NamedTuple):
    """One environment."""
    stack: str
    python: str

    @property
    def name(self) -> str:
        """As --only takes it."""
        return f'{self.stack}-{self.python}'


class Result(NamedTuple):
    """What became of a cell."""
    outcome: str
    seconds: int = 0
    sources: str = ''


CELLS = [Cell(stack, version) for stack, versions in PYTHONS.items()
         for version in versions]


def find_python(version: str) -> Optional[str]:
    """An interpreter of this version: of the path, then of pyenv.

    A shim of pyenv may be on the path without a version behind it, so each
    is asked what it is.
    """
    home = Path(os.environ.get('PYENV_ROOT', Path.home() / '.pyenv'))
    others = sorted(home.glob(f'versions/{version}.*/bin/python{version}'))
    for path in (shutil.which(f'python{version}'), *map(str, others[::-1])):
        if path and version_of(path) == version:
            return path
    return None


def version_of(python: str) -> str:
    """'3.11', or '' of what cannot be run."""
    code = 'import sys; print("%d.%d" % sys.version_info[:2])'
    try:
        done = subprocess.run([python, '-c', code], capture_output=True,
                              text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return ''
    return done.stdout.strip()


def old_requirements(text: str) -> str:
    """requirements/runtime.txt for the older stack: what needs newer parts is
    not pinned."""
    lines = []
    for line in text.splitlines():
        name = re.match(r'[\w.-]*', line)[0]
        if name in UNPINNED:
            line = NEWEST.get(name, name)
        if line not in lines:
            lines.append(line)
    return '\n'.join(lines) + '\n'


def setup_commands(cell: Cell, python: str, folder: Path) -> List[List[str]]:
    """What makes the environment ``folder / 'env'``."""
    env = folder / 'env'
    if cell.stack == 'pinned':
        return [['env', f'VENV={env}', f'PYTHON={python}', 'bash',
                 str(ROOT / 'tools/setup_env.sh')]]
    own = str(env / 'bin/python')
    pip = [own, '-m', 'pip', '--disable-pip-version-check', '-q', 'install']
    (folder / 'constraints.txt').write_text('\n'.join(OLD) + '\n')
    (folder / 'runtime.txt').write_text(old_requirements(
        (ROOT / 'requirements/runtime.txt').read_text()))
    return [
        [python, '-m', 'venv', str(env)],
        [*pip, *OLD, 'setuptools==81.0.0', 'wheel', 'ninja', 'psutil'],
        # pip's cache does not tell mmcv for one torch from that for another
        ['env', 'MMCV_WITH_OPS=1', *pip, '--no-build-isolation',
         '--no-cache-dir', 'mmcv==2.1.0'],
        [*pip, '-c', str(folder / 'constraints.txt'),
         '-r', str(folder / 'runtime.txt')],
        [own, '-m', 'pip', '-q', 'uninstall', '-y', 'opencv-python'],
        [*pip, '--no-deps', '--force-reinstall', 'opencv-python-headless<4.12'
         ],
        [*pip, '--no-deps', '--no-build-isolation', '-e', str(ROOT)]]


def fingerprint(root: Path = ROOT) -> str:
    """Changes with any file that git knows or would add."""
    done = subprocess.run(
        ['git', 'ls-files', '-co', '--exclude-standard', '-z'], cwd=root,
        capture_output=True, text=True, check=True)
    digest = hashlib.sha256()
    for name in sorted(set(filter(None, done.stdout.split('\0')))):
        path = root / name
        digest.update(name.encode())
        digest.update(path.read_bytes() if path.is_file() else b'')
    return digest.hexdigest()[:16]


def kept(folder: Path, sources: str) -> Optional[Result]:
    """The result of these sources, if the cell was run with them."""
    try:
        found = Result(**json.loads((folder / 'result.json').read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return found if found.sources == sources else None


def run_cell(cell: Cell, folder: Path, sources: str) -> Result:
    """Make the environment, run the tests, keep the result."""
    python = find_python(cell.python)
    if python is None:
        return Result(f'not tried: there is no python{cell.python} on PATH '
                      'or in pyenv')
    folder.mkdir(parents=True, exist_ok=True)
    started = time.time()
    ready = folder / 'ready'
    wanted = hashlib.sha256(''.join(
        (ROOT / name).read_text() for name in (
            'requirements/build.txt', 'requirements/runtime.txt', 'setup.cfg',
            'tools/test_matrix.py')).encode()).hexdigest()
    with open(folder / 'log.txt', 'w') as log:
        if not ready.is_file() or ready.read_text() != wanted:
            for command in setup_commands(cell, python, folder):
                if subprocess.run(command, cwd=ROOT, stdout=log,
                                  stderr=log).returncode:
                    return Result('not tried: no environment, ' + last_line(
                        folder / 'log.txt'), int(time.time() - started))
            ready.write_text(wanted)
        started = time.time()
        outcome = run_tests(folder / 'env/bin/python', log)
    outcome += ', ' + last_line(folder / 'log.txt')
    result = Result(outcome, int(time.time() - started), sources)
    (folder / 'result.json').write_text(json.dumps(result._asdict()))
    return result


def run_tests(python: Path, log: TextIO) -> str:
    """What became of the suite, in a word."""
    try:
        code = subprocess.run(
            [str(python), '-m', 'pytest', 'tests', '-n', '2', '--dist',
             'loadfile'], cwd=ROOT, stdout=log, stderr=log, timeout=LONGEST,
            env=dict(os.environ, OMP_NUM_THREADS='1')).returncode
    except subprocess.TimeoutExpired:
        return f'FAILED: no end after {LONGEST} s'
    return 'passed' if code == 0 else 'FAILED'


def last_line(log: Path) -> str:
    """What a log ends with, shortened."""
    lines = [line.strip(' =\n') for line in log.read_text(
        errors='replace').splitlines() if line.strip(' =\n')]
    return lines[-1][:100] if lines else 'without a word'


def table(results: Dict[Cell, Result]) -> str:
    """One row for each cell, in Markdown."""
    rows = ['| stack | Python | result | seconds |', '|---|---|---|---|']
    rows += [f'| {cell.stack} | {cell.python} | {result.outcome} | '
             f'{result.seconds or ""} |' for cell, result in results.items()]
    return '\n'.join(rows)


def is_bad(outcome: str) -> bool:
    """Whether a cell failed, or could not be set up."""
    return outcome.startswith(('FAILED', 'not tried: no environment'))


def parse_args(argv: Optional[Sequence[str]] = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--list', action='store_true',
                        help='show the cells, and run nothing')
    parser.add_argument('--only', nargs='+', metavar='CELL',
                        choices=[cell.name for cell in CELLS],
                        help='these cells, for example pinned-3.12')
    parser.add_argument('--again', action='store_true',
                        help='also cells whose result is known')
    parser.add_argument('--folder', type=Path, default=ROOT / '.matrix',
                        help='where environments and logs are')
    return parser.parse_args(argv)


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run what is wanted; returns 1 if a cell failed, or none was run."""
    args = parse_args(argv)
    sources, results = fingerprint(), {}
    for cell in CELLS:
        if args.only and cell.name not in args.only:
            continue
        folder = args.folder / cell.name
        result = None if args.again else kept(folder, sources)
        if args.list and result is None:
            python = find_python(cell.python) or 'no interpreter'
            result = Result(f'not tried: {MEANING[cell.stack]}; {python}')
        elif result is None:
            print(f'{cell.name}: log in {folder / "log.txt"}', flush=True)
            result = run_cell(cell, folder, sources)
        results[cell] = result
    print(table(results))
    outcomes = [result.outcome for result in results.values()]
    none_ran = all(outcome.startswith('not tried') for outcome in outcomes)
    return int(any(map(is_bad, outcomes)) or none_ran and not args.list)


if __name__ == '__main__':
    sys.exit(main())
