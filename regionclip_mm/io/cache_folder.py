"""Where this package keeps what it downloads and computes."""
import os
import tempfile
from contextlib import suppress
from pathlib import Path

CACHE_VARIABLE = 'REGIONCLIP_MM_CACHE'
DEFAULT_DIR = '~/.cache/regionclip_mm'


def cache_folder() -> Path:
    """``$REGIONCLIP_MM_CACHE``, or a folder in the user's home.

    A user without a home has one of their own among the temporary files.

    Raises:
        ValueError: If that one belongs to somebody else, or the variable
            names a home that there is not.
    """
    root = os.environ.get(CACHE_VARIABLE)
    try:
        return Path(root or DEFAULT_DIR).expanduser()
    except RuntimeError:  # neither HOME nor an entry in the list of users
        if root:
            raise ValueError(f'{CACHE_VARIABLE}={root!r}: there is no such '
                             'home; name a folder without ~.') from None
    return _private_folder(f'regionclip_mm-{_user()}')


def _user() -> int:
    return os.getuid() if hasattr(os, 'getuid') else 0  # as Windows' st_uid


def _private_folder(name: str) -> Path:
    """A folder of temporary files; others may have made one of its name."""
    folder = Path(tempfile.gettempdir()) / name
    with suppress(OSError):  # its users say so when they cannot write to it
        folder.mkdir(mode=0o700, exist_ok=True)
    if folder.exists() and folder.lstat().st_uid != _user():
        raise ValueError(f'There is no home folder, and {folder} belongs to '
                         f'another user: set {CACHE_VARIABLE} to a folder of '
                         'yours.')
    return folder
