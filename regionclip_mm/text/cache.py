"""Vocabularies on disk, so that none is encoded twice."""
import hashlib
import json
import os
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Iterator, Optional, Sequence

from filelock import FileLock

from ..io.cache_folder import CACHE_VARIABLE, cache_folder
from ..io.files import PathLike, remove_leftovers
from .vocabulary import Vocabulary

FORMAT = 1  # raise it when the same key would give other embeddings


def default_cache_dir() -> Path:
    """Where vocabularies are; REGIONCLIP_MM_CACHE moves it."""
    return cache_folder() / 'vocabularies'


class VocabularyCache:
    """A folder of vocabularies, shared by any number of processes.

    An entry belongs to one encoder (its weights included), one list of
    templates and one list of names. The first process that misses it computes
    it while the others wait; the lock dies with its process. Damaged entries
    are computed anew.

    Args:
        folder: Where the entries are; by default :func:`default_cache_dir`.
    """

    def __init__(self, folder: Optional[PathLike] = None) -> None:
        self.folder = default_cache_dir() if folder is None else Path(
            os.path.expanduser(folder))

    def entry(self, fingerprint: str, templates: Sequence[str],
              names: Sequence[str]) -> Path:
        """The file of an entry, whether it exists or not."""
        parts = [FORMAT, fingerprint, list(templates), list(names)]
        key = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
        return self.folder / f'{key}.pth'

    def get(self, fingerprint: str, templates: Sequence[str],
            names: Sequence[str],
            compute: Callable[[], Vocabulary]) -> Vocabulary:
        """The vocabulary from disk, or else computed and stored.

        Args:
            fingerprint: What identifies the encoder and its weights.
            templates: The prompt templates, in order.
            names: The class names, in order.
            compute: Makes the vocabulary; called at most once.
        """
        path = self.entry(fingerprint, templates, names)
        found = self._read(path, fingerprint, templates, names)
        if found is not None:
            return found
        with self._locked(path) as writable:
            if writable:
                found = self._read(path, fingerprint, templates, names)
            if found is None:
                found = compute()
                if writable:
                    self._write(found, path)
        return found

    def _read(self, path: Path, fingerprint: str, templates: Sequence[str],
              names: Sequence[str]) -> Optional[Vocabulary]:
        if not path.exists():
            return None
        try:
            found = Vocabulary.load(path)
        except (ValueError, FileNotFoundError) as error:
            warnings.warn(f'A cached vocabulary is made anew: {error}')
            return None
        same = (found.names == tuple(names)
                and found.meta.get('text_encoder') == fingerprint
                and found.meta.get('templates') == list(templates))
        return found if same else None

    @staticmethod
    def _write(vocabulary: Vocabulary, path: Path) -> None:
        remove_leftovers(path.parent, 'tmp')  # of any entry, by their age
        for partial in path.parent.glob(f'{path.name}.*.tmp'):
            partial.unlink(missing_ok=True)  # of a killed process: we lock
        try:
            vocabulary.save(path)
        except (OSError, RuntimeError, ValueError) as error:
            warnings.warn(f'The vocabulary was not cached in {path.parent}: '
                          f'{error}')

    @contextmanager
    def _locked(self, path: Path) -> Iterator[bool]:
        """Exclude other processes; yields whether entries can be written."""
        lock = FileLock(f'{path}.lock')
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except (OSError, NotImplementedError) as error:
            warnings.warn(f'Vocabularies are not cached in {self.folder} '
                          f'({error}). Set {CACHE_VARIABLE} to a folder that '
                          'can be written.')
            yield False
            return
        try:
            yield True
        finally:
            lock.release()
