"""Reads files of region labels, see :mod:`.region_labels`."""
import zlib
from array import array
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

import numpy as np

from .files import PathLike
from .json_files import refuse_repeated
from .region_label_index import LabelHead, read_head, read_lines
from .region_labels import (ImageId, ImageLabels, index_file, label_dtype,
                            name_sum, pool_digest, side_file, written_anew)

STORAGES = ('float16', 'float32')


class RegionLabels:
    """Region labels on disk, to be asked for one image after another.

    In memory are of the images ids, places and what tells them from others.

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
        self._head = read_head(path)
        self.about, self.names = self._head
        self.skipped = frozenset(self.about.get('skipped', ()))
        self.digest = pool_digest(self.names)
        ids: List[ImageId] = []
        counts, self._sums = array('q'), array('I')
        self._sizes, self._files = array('i'), array('I')
        for line in self._lines():
            image = line['image']
            ids.append(image['id'])
            counts.append(line['regions'])
            self._sums.append(line['crc32'])
            self._sizes.extend((image['height'], image['width']))
            self._files.append(name_sum(image['file_name']))
        refuse_repeated(ids, 'ids', f'{index_file(path)} is damaged '
                        f'({written_anew(path)})')
        self._numbers = {name: number for number, name in enumerate(ids)}
        self._ends = array('q', np.cumsum(np.asarray(counts, np.int64)))
        self._rows = open_rows(path, self._head)

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

    def shape(self, image_id: ImageId) -> Tuple[int, int]:
        """Height and width of an image when it was labelled."""
        number = 2 * self._numbers[image_id]
        return self._sizes[number], self._sizes[number + 1]

    def is_named(self, image_id: ImageId, path: str) -> bool:
        """Whether the labelled image had the file name of ``path``, folders
        aside."""
        return self._files[self._numbers[image_id]] == name_sum(path)

    def _get(self, number: int) -> np.ndarray:
        begin = self._ends[number - 1] if number else 0
        rows = np.array(self._rows[begin:self._ends[number]])
        if zlib.crc32(rows.tobytes()) != self._sums[number]:
            image_id = next(name for name, place in self._numbers.items()
                            if place == number)
            raise ValueError(
                f'{side_file(self.path)} does not go with '
                f'{index_file(self.path)}: its rows for image {image_id!r} '
                'are not those that were written: '
                f'{written_anew(self.path)}')
        return rows

    def _lines(self) -> Iterator[Dict[str, Any]]:
        return read_lines(self.path, self._head)


def check_labels(path: PathLike) -> LabelHead:
    """What labels are, if they are there as a whole; none is read.

    Args:
        path: ``NAME.json``.

    Raises:
        FileNotFoundError: If index or rows are not there.
        ValueError: If the index begins with something else, or the file of
            rows has another type or size.
    """
    head = read_head(path)
    open_rows(path, head)
    return head


def open_rows(path: PathLike, head: LabelHead) -> np.ndarray:
    """The rows of all images, (R,) of a :func:`label_dtype`, on disk.

    Args:
        path: ``NAME.json``.
        head: Of its index.

    Raises:
        FileNotFoundError: If ``NAME.npy`` is not there.
        ValueError: If it is damaged, or of other labels.
    """
    side, index = side_file(path), index_file(path)
    if not side.is_file():
        raise FileNotFoundError(f'there is no file {side}, which belongs to '
                                f'{index}: {written_anew(path)}')
    try:
        rows = np.load(side, mmap_mode='r', allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ValueError(f'{side} is cut off or no file of region labels '
                         f'({error}): {written_anew(path)}') from None
    count = head.about['regions']
    wanted = [label_dtype(head.about['top_k'], len(head.names), kind)
              for kind in STORAGES]
    if rows.dtype not in wanted or rows.shape != (count, ):
        raise ValueError(
            f'{side} does not go with {index}: it has {rows.shape} rows of '
            f'{rows.dtype}, to be ({count},) of {wanted[0]}: '
            f'{written_anew(path)}')
    return rows
