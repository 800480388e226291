"""Files that are read without running code and written in one step."""
import os
import pickle
import re
import time
import uuid
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Dict, Iterator, List, Union

import torch

from .restricted_pickle import Refused

PathLike = Union[str, os.PathLike]
# Older ones cannot be told which types are plain, see plain_pickle.
READS_PLAIN_TYPES = torch.__version__ >= (2, 6)
STALE = 3600  # seconds after which a part belongs to a dead process


def require_file(path: PathLike) -> None:
    """Raise unless there is a regular file.

    Raises:
        FileNotFoundError: If there is nothing.
        ValueError: If it is a folder, or a pipe or device, which may be
            without end and cannot be read twice.
    """
    path = Path(path)
    if path.is_file():
        return
    if path.is_dir():
        raise ValueError(f'{path} is a folder, not a file')
    if path.exists():
        raise ValueError(f'{path} is a pipe or a device: write its content to '
                         'a file, and give that')
    raise FileNotFoundError(f'there is no file {path}')


def read_text(path: PathLike) -> str:
    """A text file in UTF-8, with the byte order mark of some editors or not.

    Raises:
        OSError: If it cannot be read.
        ValueError: If it is in another encoding.
    """
    try:
        return Path(path).read_text(encoding='utf-8-sig')
    except UnicodeDecodeError as error:
        raise ValueError(
            f'{path} cannot be read as UTF-8 ({error.reason} at byte '
            f'{error.start}): save it as UTF-8') from None


def load_plain_file(path: PathLike, map_location: Any = 'cpu') -> Any:
    """What ``torch.save`` wrote at ``path``, without running any code in it.

    Args:
        path: The file.
        map_location: As of ``torch.load``; None for where tensors were.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged or holds more than plain data.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f'There is no file {path}.')
    try:
        with torch.sparse.check_sparse_tensor_invariants():
            return torch.load(path, map_location, **_plainly(path))
    except pickle.UnpicklingError as error:
        wanted = re.search(r'GLOBAL (\S+)', str(error))
        reason = (f'it asks for {wanted[1]}' if wanted else str(error)
                  if isinstance(error, Refused) else 'it is unreadable')
        raise ValueError(
            f'{path} was not opened, because it is not a plain file of '
            f'tensors: it is damaged or tries to run code ({reason}).'
        ) from None
    except Exception as error:  # damaged files raise almost anything
        reason = f'{type(error).__name__} {error}'.splitlines()[0]
        raise ValueError(f'{path} is truncated or is not a PyTorch file '
                         f'({reason}).') from None


def _plainly(path: PathLike) -> Dict[str, Any]:
    """Arguments of ``torch.load`` by which it runs no code of a file."""
    if READS_PLAIN_TYPES:
        return dict(weights_only=True)
    from . import plain_pickle
    plain_pickle.refuse_other_formats(path)
    return dict(weights_only=False, pickle_module=plain_pickle)


def save_plain_file(data: Any, path: PathLike) -> None:
    """``torch.save`` that leaves the old file or the new one, never a part.

    Safe with several processes writing the same path; the last one stays.
    """
    with written_whole(path) as partial:
        torch.save(data, partial)


@contextmanager
def written_whole(path: PathLike) -> Iterator[Path]:
    """Another path to write to, which becomes ``path`` at the end.

    After an error the old file stays, and until the new one is on disk, too.
    What a killed process left behind is removed by the next one that writes
    the same file, see :func:`remove_leftovers`.

    Raises:
        ValueError: If there is something other than a file.
        OSError: If it cannot be written, for example for want of space,
            with its name.
    """
    path = Path(path).resolve()  # write through a link, not over it
    if path.exists() and not path.is_file():
        raise ValueError(f'{path} is not an ordinary file: name another one.')
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(path.parent, 'tmp', path.name)
    partial = path.with_name(f'{path.name}.{uuid.uuid4().hex}.tmp')
    try:
        yield partial
        with open(partial, 'rb+') as file:
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError as error:
        if error.errno is None or error.filename is not None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        partial.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """The new name is on disk too, where the system can say so."""
    with suppress(OSError):  # e.g. Windows
        descriptor = os.open(folder, os.O_RDONLY)
        with suppress(OSError):  # e.g. some network file systems
            os.fsync(descriptor)
        os.close(descriptor)


def remove_leftovers(folder: Path, suffix: str, name: str = '') -> None:
    """Remove parts of files that nobody has written to for an hour.

    Killed processes leave them. One that still writes keeps its part young,
    so it is left alone, whoever it belongs to.

    Args:
        folder: Where they are.
        suffix: Parts are called ``NAME.HEX.SUFFIX``, HEX being 32 digits.
        name: The file whose parts they are; by default any.
    """
    with suppress(OSError):  # then they stay for another time
        for part in leftovers(folder, suffix, name):
            _remove_if_stale(part)


def leftovers(folder: Path, suffix: str, name: str = '') -> List[Path]:
    """Parts of files in a folder, see :func:`remove_leftovers`."""
    pattern = re.compile(rf'{re.escape(name) or ".+"}\.[0-9a-f]{{32}}\.'
                         + re.escape(suffix))
    return sorted(part for part in folder.iterdir()
                  if pattern.fullmatch(part.name))


def _remove_if_stale(part: Path) -> None:
    with suppress(OSError):  # another process was faster, or it is not ours
        if time.time() - part.stat().st_mtime > STALE:
            part.unlink()
