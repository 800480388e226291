"""One run at a time in a folder."""
import fcntl
import os
from pathlib import Path
from typing import Dict, TextIO

LOCK = '.running'
# Of this process: the lock goes when any handle of its file is closed.
_held: Dict[Path, TextIO] = {}


def lock_folder(folder: Path) -> None:
    """Take the lock of a folder until this process ends, however it does.

    Child processes do not hold it, as they would that of `filelock`: a worker
    may outlive a run that was killed. On a file system without locks nothing
    happens.

    Args:
        folder: The ``work_dir``; made if need be.

    Raises:
        RuntimeError: If another process of this machine (on a shared file
            system with locks, of any) has it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = (folder / LOCK).resolve()
    if path in _held:
        return
    file = open(path, 'a+')
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        file.seek(0)
        owner = file.read().strip() or 'unknown'
        file.close()
        raise RuntimeError(
            f'another training (process {owner}) writes its checkpoints to '
            f'{folder}: wait for its end, stop it, or choose another '
            '--work-dir') from None
    except OSError:
        file.close()
        return
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    _held[path] = file
