"""Paths from patterns: braces and wildcards, as in names of tar shards."""
import glob
import re
from pathlib import Path
from typing import Iterable, Iterator, List

from .files import require_file
from .wording import listed, repeated

MOST = 1_000_000  # paths of one pair of braces
BRACES = re.compile(r'\{(\d+)\.\.(\d+)\}|\{([^{}]*,[^{}]*)\}')


def find_files(patterns: Iterable[str]) -> List[Path]:
    """The files that patterns name.

    Args:
        patterns: Paths, each with any of ``{000..331}``, ``{train,val}``,
            ``*``, ``?``, ``[ab]`` and ``**``. A file that is called like
            this itself is taken as it is.

    Returns:
        Their paths in the order of the patterns, what a wildcard finds
        sorted by name.

    Raises:
        ValueError: If a pattern finds nothing, a folder, a pipe or a device,
            or a file is found twice.
    """
    found, missing = [], []
    for pattern in patterns:
        if '://' in pattern:
            raise ValueError(f'{pattern} is an address: files are read from '
                             'this machine, download them first')
        for path in _paths(pattern):
            found.append(path) if path.is_file() else missing.append(path)
    folders = [path for path in missing if path.is_dir()]
    if folders:
        raise ValueError(f'{folders[0]} is a folder: name its files, for '
                         f"example '{folders[0]}/*.tar'")
    for path in missing:
        if path.exists():
            require_file(path)
    if missing:
        raise ValueError(f'{len(missing)} files are not there: '
                         f'{listed(missing, words=str)}')
    twice = repeated(path.resolve() for path in found)
    if twice:
        raise ValueError('files are named more than once: '
                         f'{listed(twice, words=str)}')
    return found


def expand_braces(pattern: str) -> Iterator[str]:
    """'{a,b}-{08..10}.tar' -> 'a-08.tar', 'a-09.tar', ... 'b-10.tar'.

    If an end of a range begins with a zero, numbers are as long as the longer
    end, as in bash. Braces within braces are not understood.

    Raises:
        ValueError: If a range is backwards or endless.
    """
    braces = BRACES.search(pattern)
    if braces is None:
        yield pattern
        return
    first, last, words = braces.groups()
    if words is None:
        numbers = range(int(first), int(last) + 1)
        if not 0 < len(numbers) <= MOST:
            raise ValueError(f'{pattern}: {braces[0]} is not a range of 1 to '
                             f'{MOST} numbers')
        padded = any(len(end) > 1 and end[0] == '0' for end in (first, last))
        width = max(len(first), len(last)) if padded else 1
        choices = (f'{number:0{width}}' for number in numbers)
    else:
        choices = iter(words.split(','))
    for choice in choices:
        yield from expand_braces(
            pattern[:braces.start()] + choice + pattern[braces.end():])


def _paths(pattern: str) -> Iterator[Path]:
    if Path(pattern).exists():
        yield Path(pattern).expanduser()
        return
    for name in expand_braces(pattern):
        path = Path(name).expanduser()
        if path.exists() or not glob.has_magic(name):
            yield path
            continue
        names = [p for p in map(Path, glob.glob(str(path), recursive=True))
                 if p.is_file()]
        if not names:
            raise ValueError(f'no file is called like {name}')
        yield from sorted(names)
