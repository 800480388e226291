"""A file from the web, once, whole and verified."""
import hashlib
import os
import time
import warnings
from contextlib import contextmanager
from http.client import HTTPException, InvalidURL
from pathlib import Path
from typing import Iterator, Optional
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from filelock import FileLock
from tqdm import tqdm

from .cache_folder import CACHE_VARIABLE
from .errors import CheckpointError

BLOCK = 1 << 20
TIMEOUT = 30  # seconds without a byte
TRIES = 4


def fetch(url: str, path: Path, sha256: Optional[str] = None) -> Path:
    """Make sure that ``path`` is the file of an address.

    Of several processes one downloads while the others wait. An interrupted
    download goes on where it stopped, with a hash also in a later call.
    ``path`` is only ever the complete file: as long as its server said it
    is, and of the hash.

    Args:
        url: Where to get the file if it is not there yet.
        path: Where to keep it.
        sha256: Hash of its content, hexadecimal, where it is known.

    Returns:
        ``path``.

    Raises:
        CheckpointError: Saying what to do by hand.
    """
    if _is_good(path, sha256):
        return path
    with _locked(path):
        if _is_good(path, sha256):  # another process was faster
            return path
        if path.is_dir():
            raise CheckpointError(f'{path} is a folder, not a file of weights:'
                                  f' move it away, or set {CACHE_VARIABLE}.')
        if path.exists():
            warnings.warn(f'{path} is damaged and will be downloaded again.')
            path.unlink()
        partial = path.with_name(f'{path.name}.part')
        if sha256 is None:  # nothing tells whether it is of the same file
            partial.unlink(missing_ok=True)
        resumed = partial.exists()
        found = _download(url, partial, path, sha256)
        if found != sha256 and resumed:  # perhaps it was begun elsewhere
            found = _download(url, partial, path, sha256)
        if sha256 not in (None, found):
            raise CheckpointError(
                f'{url} is not the expected file and was deleted: its SHA256 '
                f'is {found}, expected {sha256}. {by_hand(path, sha256)}')
    return path


def _is_good(path: Path, sha256: Optional[str]) -> bool:
    return path.is_file() and (sha256 is None or hash_file(path) == sha256)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Exclude other processes from a file, if its folder can be written."""
    lock = FileLock(f'{path}.lock')
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError as error:
        raise CheckpointError(
            f'{path.parent} cannot be written ({error}): set '
            f'{CACHE_VARIABLE} to another folder.') from None
    try:
        yield
    finally:
        lock.release()


def hash_file(path: Path) -> str:
    """SHA256 of a file, hexadecimal."""
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        for block in iter(lambda: file.read(BLOCK), b''):
            digest.update(block)
    return digest.hexdigest()


def by_hand(path: Path, sha256: Optional[str]) -> str:
    """What a user without a connection should do."""
    if sha256 is None:
        return ('Check the address, or get the file on another machine and '
                'give its path.')
    return (f'Get {path.name} (SHA256 {sha256}) on another machine and put '
            f'it into {path.parent}.')


def _download(url: str, partial: Path, path: Path,
              sha256: Optional[str]) -> str:
    """Complete the partial file; keep it only if it is the right one.

    Returns:
        The SHA256 of what was downloaded.
    """
    for left in reversed(range(TRIES)):
        try:
            _resume(url, partial)
            break
        except (OSError, ValueError, HTTPException) as error:
            refused = (isinstance(error, HTTPError) and error.code < 500
                       or isinstance(error, (ValueError, InvalidURL)))
            if refused or not left:
                raise CheckpointError(
                    f'{url} could not be downloaded ({error}). '
                    f'{by_hand(path, sha256)}') from None
            time.sleep(0.2 * (TRIES - left))
    found = hash_file(partial)
    if sha256 in (None, found):
        os.replace(partial, path)
    else:
        partial.unlink()
    return found


def _resume(url: str, partial: Path) -> None:
    """Append what is missing of a file, with a progress bar."""
    have = partial.stat().st_size if partial.exists() else 0
    wanted = {'Range': f'bytes={have}-'} if have else {}
    try:
        reply = urlopen(Request(url, headers=wanted), timeout=TIMEOUT)
    except HTTPError as error:
        if error.code == 416 and have:  # nothing is left to send
            return
        raise
    with reply:
        have = have if reply.status == 206 else 0
        left = reply.headers.get('Content-Length')
        total = have + int(left) if left else None
        with open(partial, 'ab' if have else 'wb') as file, tqdm(
                desc=partial.stem, initial=have, total=total, unit='B',
                unit_scale=True) as bar:
            for block in iter(lambda: reply.read(BLOCK), b''):
                file.write(block)
                bar.update(len(block))
            size = file.tell()
    if total is not None and size < total:
        raise OSError(f'the connection broke after {size} of {total} bytes')
