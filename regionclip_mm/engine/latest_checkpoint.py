"""Finds the checkpoint that a run continues from."""
import re
import zipfile
from pathlib import Path
from typing import List, Optional

from mmengine.logging import MMLogger

from ..io.files import load_plain_file

POINTER = 'last_checkpoint'
NEEDED = ('meta', 'state_dict', 'message_hub')


def find_latest_loadable(folder: Path, template: str,
                         logger: MMLogger) -> Optional[Path]:
    """The newest checkpoint of a folder that can be opened.

    Args:
        folder: With checkpoints and perhaps mmengine's `last_checkpoint`.
        template: Of the file names, for example 'iter_{}.pth'.
        logger: Told about each file that is left out.

    Returns:
        None if there is no file or all are damaged.

    Raises:
        ValueError: If a newer file is complete, but not a checkpoint that may
            be opened.
    """
    for path in _newest_first(folder, template):
        if not _is_intact(path):
            logger.warning(f'Skipping {path}, which is half-written or '
                           'damaged.')
            continue
        problem = _problem(path)
        if problem is None:
            _tell_if_not_pointed_at(path, logger)
            return path
        raise ValueError(
            f'{path} is the latest checkpoint and complete, but {problem}\n'
            'Start without --resume, name another file (--resume FILE), or '
            'remove this one to resume from the one before')
    return None


def is_only_weights(source: str) -> bool:
    """Whether training may start from `source`, but not be resumed.

    Args:
        source: A path, or an address, which is taken for weights.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is damaged.
    """
    if '://' in source:
        return True
    content = load_plain_file(source)
    return not {*NEEDED, 'optimizer'} <= set(content)


def _newest_first(folder: Path, template: str) -> List[Path]:
    """By time of writing; the file pointed at is as new as the pointer."""
    name = re.compile(re.escape(template).replace(r'\{\}', r'\d+'))
    if not folder.is_dir():
        return []
    times = {path: path.stat().st_mtime_ns for path in folder.iterdir()
             if name.fullmatch(path.name)}
    target = _pointed_at(folder)
    if target is not None:
        times[target] = max((folder / POINTER).stat().st_mtime_ns,
                            times.get(target, 0))
    return sorted(times, key=times.get, reverse=True)


def _pointed_at(folder: Path) -> Optional[Path]:
    """The file that `last_checkpoint` names, if it is there; by its name, so
    that it is found in a moved folder."""
    pointer = folder / POINTER
    if not pointer.is_file():
        return None
    target = folder / Path(pointer.read_text().strip() or '-').name
    return target if target.is_file() else None


def _tell_if_not_pointed_at(path: Path, logger: MMLogger) -> None:
    """A folder that was copied without its times has them at random."""
    target = _pointed_at(path.parent)
    if target is not None and target != path and _is_intact(target):
        logger.warning(
            f'{path.name} is newer than {target.name}, which {POINTER} names, '
            'so the run goes on from the former. If this folder is a copy '
            f'that lost the times of its files, name one: --resume {target}')


def _problem(path: Path) -> Optional[str]:
    """Why a checkpoint cannot be resumed from, or None."""
    try:
        content = load_plain_file(path)
    except ValueError as error:
        return str(error)
    missing = [key for key in NEEDED
               if not isinstance(content, dict) or key not in content]
    return f'it has no {" and no ".join(missing)}.' if missing else None


def _is_intact(path: Path) -> bool:
    """Whether a file of `torch.save` holds what was written to it.

    By its checksums, which torch does not look at.
    """
    if not zipfile.is_zipfile(path):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except (zipfile.BadZipFile, EOFError, OSError):
        return False
