"""Files that are either complete or not there."""
import os
import uuid
from pathlib import Path
from typing import List, Union

from mmengine.fileio import LocalBackend, register_backend

NAME = 'atomic_local'
PARTIAL = '.partial'


class AtomicLocalBackend(LocalBackend):
    """:class:`LocalBackend` that writes beside a file, then renames.

    mmengine's checkpoint code writes through it where it is told
    ``backend_args=dict(backend='atomic_local')``.
    """

    def put(self, obj: bytes, filepath: Union[str, Path]) -> None:
        """Write bytes; until they are on disk, `filepath` is as it was."""
        path = Path(filepath).resolve()  # write through a link, not over it
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f'{path.name}.{uuid.uuid4().hex}{PARTIAL}')
        try:
            with open(partial, 'wb') as file:
                file.write(obj)
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)
        _sync_folder(path.parent)

    def put_text(self, obj: str, filepath: Union[str, Path],
                 encoding: str = 'utf-8') -> None:
        """Write text the same way."""
        self.put(obj.encode(encoding), filepath)


def partial_files(folder: Path) -> List[Path]:
    """What interrupted writers left in a folder."""
    return sorted(folder.glob(f'*{PARTIAL}'))


def _sync_folder(folder: Path) -> None:
    """The new name is on disk too, where the system can say so."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:  # e.g. Windows
        return
    try:
        os.fsync(descriptor)
    except OSError:  # e.g. some network file systems
        pass
    finally:
        os.close(descriptor)


register_backend(NAME, AtomicLocalBackend, force=True)
