"""One run at a time in a folder."""
import fcntl
import os
from pathlib import Path
from typing import Optional, TextIO

LOCK = '.running'


def lock_folder(folder: Path) -> Optional[TextIO]:
    """Take the lock of a folder until this process ends, however it does.

    Child processes do not hold it.

    Args:
        folder: The ``work_dir``; made if need be.

    Returns:
        The file, to be kept open; None on a file system without locks.

    Raises:
        RuntimeError: If another process of this machine (on a shared file
            system with locks, of any) has it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = open(folder / LOCK, 'a+')
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
        return None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file
