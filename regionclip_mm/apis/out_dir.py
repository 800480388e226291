"""The folder of the results, checked before there are any."""
import os
import tempfile
from pathlib import Path
from typing import Iterable, Union

PathLike = Union[str, os.PathLike]


def check_out_dir(folder: PathLike, folders: Iterable[str] = (),
                  files: Iterable[str] = ()) -> None:
    """Raise unless results can be written here; nothing stays there.

    Args:
        folder: It need not exist.
        folders: Names of folders in it that will be written to.
        files: Names of files in it that will be written.

    Raises:
        OSError: Naming what is in the way.
    """
    if '://' in str(folder):
        raise OSError(f'the results cannot be written to {folder}: name a '
                      'folder of this machine')
    root = Path(folder)
    for path in (root, *(root / name for name in folders)):
        _check_folder(path)
    for path in (root / name for name in files):
        if path.exists() and not path.is_file():
            raise OSError(f'{path} is in the way: a file of this name is to '
                          'be written; name another folder')


def check_out_file(path: PathLike) -> None:
    """Raise unless a file can be written here; nothing stays there.

    Args:
        path: It may be there, to be replaced.

    Raises:
        OSError: Naming what is in the way.
    """
    path = Path(path)
    check_out_dir(path.parent, files=[path.name])


def _check_folder(path: Path) -> None:
    """Raise unless a folder is, or can be made, and can be written to."""
    there = next(p for p in (path, *path.absolute().parents)
                 if p.exists() or p.is_symlink())
    if not there.is_dir():
        raise OSError(f'the results cannot be written to {path}: {there} is '
                      'not a folder')
    try:  # os.access says of more folders that root can write in them
        tempfile.TemporaryFile(dir=there).close()
    except OSError as error:
        raise OSError(f'the results cannot be written to {path}: no file can '
                      f'be made in {there} ({error.strerror})') from None
