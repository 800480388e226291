"""Reads files of region labels, see :mod:`.region_labels`."""
import json
import zlib
from array import array
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, TextIO, Tuple

import numpy as np

from .files import PathLike
from .json_files import ID, refuse_repeated
from .region_labels import (FORMAT, MARK, WRITER, ImageId, ImageLabels,
                            index_file, label_dtype, pool_digest, side_file)

STORAGES = ('float16', 'float32')


class LabelHead(NamedTuple):
    """What a set of region labels is, without any of them.

    Attributes:
        about: ``images``, ``regions``, ``top_k``, and what the writer noted.
        names: The concept pool.
    """
    about: Dict[str, Any]
    names: Tuple[str, ...]


class RegionLabels:
    """Region labels on disk, to be asked for one image after another.

    In memory are only ids and places of the images.

    Args:
        path: ``NAME.json``, which need not be there: ``NAME.index.jsonl`` is
            read, ``NAME.npy`` mapped to memory.

    Attributes:
        names: The concept pool.
        about: See :class:`LabelHead`.
        skipped: Ids of images that could not be read.
        digest: Of the concept pool.

    Raises:
        FileNotFoundError: If one of the two files is not there.
        ValueError: If they are damaged, of another kind, or no pair.
    """

    def __init__(self, path: PathLike) -> None:
        self.path = Path(path)
        self.about, self.names = read_head(path)
        self.skipped = frozenset(self.about.get('skipped', ()))
        self.digest = pool_digest(self.names)
        ids: List[ImageId] = []
        counts, self._sums = array('q'), array('q')
        for line in self._lines():
            ids.append(line['image']['id'])
            counts.append(line['regions'])
            self._sums.append(line['crc32'])
        refuse_repeated(ids, 'ids', str(index_file(path)))
        self._numbers = {name: number for number, name in enumerate(ids)}
        self._ends = array('q', np.cumsum(np.asarray(counts, np.int64)))
        self._rows = _open_side(side_file(path), self.about, len(self.names))
        if len(self) != self.about['regions']:
            raise ValueError(_changed(path))

    def __len__(self) -> int:
        """Number of regions."""
        return self._ends[-1] if self._ends else 0

    def __contains__(self, image_id: ImageId) -> bool:
        return image_id in self._numbers

    @property
    def images(self) -> List[Dict[str, Any]]:
        """Entries of the images, read anew."""
        return [line['image'] for line in self._lines()]

    def __iter__(self) -> Iterator[ImageLabels]:
        """All images, in the order of the file."""
        for number, line in enumerate(self._lines()):
            yield ImageLabels(line['image'], self._get(number))

    def __getitem__(self, image_id: ImageId) -> np.ndarray:
        """Regions of one image, (R,) of a :func:`label_dtype`.

        Raises:
            KeyError: If there is no such image.
            ValueError: If these rows are not as they were written.
        """
        return self._get(self._numbers[image_id])

    def _get(self, number: int) -> np.ndarray:
        begin = self._ends[number - 1] if number else 0
        rows = np.array(self._rows[begin:self._ends[number]])
        if zlib.crc32(rows.tobytes()) != self._sums[number]:
            image_id = next(name for name, place in self._numbers.items()
                            if place == number)
            raise ValueError(
                f'{side_file(self.path)} does not go with '
                f'{index_file(self.path)}: its rows for image {image_id!r} '
                f'are not those that were written. Write both again with '
                f'{WRITER}')
        return rows

    def _lines(self) -> Iterator[Dict[str, Any]]:
        """What the index has of each image."""
        with open(index_file(self.path), encoding='utf-8') as file:
            file.readline()
            number = 0
            for number, line in enumerate(file, 1):
                yield _line(line, f'{index_file(self.path)}:{number + 1}')
        if number != self.about['images']:
            raise ValueError(_changed(self.path))


def read_head(path: PathLike) -> LabelHead:
    """What labels are, from the first line of their index.

    Args:
        path: ``NAME.json``.

    Raises:
        FileNotFoundError: If there is no index.
        ValueError: If it is of another kind or version.
    """
    index = index_file(path)
    if not index.is_file():
        raise FileNotFoundError(
            f'there is no file {index}, which belongs to {path}: {WRITER} '
            'writes both. A json alone is of an earlier version, or has no '
            'labels of regions')
    with open(index, encoding='utf-8') as file:
        content = _first_line(file)
    about, names = content.get(MARK), content.get('concepts')
    if not isinstance(about, dict) or about.get('format') != FORMAT:
        raise ValueError(f'{index} is not an index of region labels, or of '
                         f'another version: {WRITER} writes them')
    counts = [about.get(key) for key in ('images', 'regions', 'top_k')]
    if (not isinstance(names, list) or not names
            or not all(isinstance(name, str) for name in names)
            or not all(type(count) is int for count in counts)):
        raise ValueError(_changed(path))
    return LabelHead(about, tuple(names))


def _first_line(file: TextIO) -> Dict[str, Any]:
    try:
        found = json.loads(file.readline())
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _line(line: str, where: str) -> Dict[str, Any]:
    try:
        found = json.loads(line)
        good = (ID[0](found['image']['id']) and found['regions'] >= 0
                and type(found['crc32']) is type(found['regions']) is int)
    except (ValueError, RecursionError, KeyError, TypeError):
        good = False
    if not good:
        raise ValueError(f'{where} cannot be read: the file was changed or '
                         f'cut off since {WRITER} wrote it')
    return found


def _changed(path: PathLike) -> str:
    return (f'{index_file(path)} was changed or cut off since {WRITER} wrote '
            'it: its images or regions are not complete')


def _open_side(path: Path, about: Dict[str, Any],
               concepts: int) -> np.ndarray:
    """The rows, on disk."""
    index = index_file(path)
    if not path.is_file():
        raise FileNotFoundError(f'there is no file {path}, which belongs to '
                                f'{index}')
    try:
        rows = np.load(path, mmap_mode='r', allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise ValueError(f'{path} is cut off or no file of region labels '
                         f'({error})') from None
    count = about['regions']
    wanted = [label_dtype(about['top_k'], concepts, kind)
              for kind in STORAGES]
    if rows.dtype not in wanted or rows.shape != (count, ):
        raise ValueError(
            f'{path} does not go with {index}: it has {rows.shape} rows of '
            f'{rows.dtype}, to be ({count},) of {wanted[0]}. Write both again '
            f'with {WRITER}')
    return rows
