"""One process at a time that writes to a folder."""
import fcntl
import os
from contextlib import contextmanager
from typing import Iterator

from .files import PathLike


@contextmanager
def locked(folder: PathLike) -> Iterator[None]:
    """Keep a folder to this process; nothing is written into it.

    The lock goes with the process, however that ends. On a file system
    without locks nothing happens.

    Args:
        folder: Made if need be.

    Raises:
        RuntimeError: If another process has it.
    """
    os.makedirs(folder, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        _take(handle, folder)
        yield
    finally:
        os.close(handle)


def _take(handle: int, folder: PathLike) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise RuntimeError(f'another process writes to {folder}: wait for its '
                           'end, stop it, or name another folder') from None
    except OSError:  # no locks here
        pass
