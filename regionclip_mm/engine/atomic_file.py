"""Checkpoints that are either complete or not there."""
from pathlib import Path
from typing import List, Union

from mmengine.fileio import LocalBackend, register_backend

from ..io.files import leftovers, written_whole

NAME = 'atomic_local'


class AtomicLocalBackend(LocalBackend):
    """:class:`LocalBackend` that writes beside a file, then renames.

    mmengine's checkpoint code writes through it where it is told
    ``backend_args=dict(backend='atomic_local')``.
    """

    def put(self, obj: bytes, filepath: Union[str, Path]) -> None:
        """Write bytes; until they are on disk, `filepath` is as it was."""
        with written_whole(filepath) as partial:
            partial.write_bytes(obj)

    def put_text(self, obj: str, filepath: Union[str, Path],
                 encoding: str = 'utf-8') -> None:
        """Write text the same way."""
        self.put(obj.encode(encoding), filepath)


def partial_files(folder: Path) -> List[Path]:
    """What interrupted writers left in a folder, which may not be there."""
    return leftovers(folder, 'tmp') if folder.is_dir() else []


register_backend(NAME, AtomicLocalBackend, force=True)
