"""Reads files of region labels, see :mod:`.region_labels`."""
from array import array
from pathlib import Path
from typing import Any, Dict, Iterator, List, Sequence, Tuple

import numpy as np

from .files import PathLike
from .json_files import ID, check_categories, check_items, read_json
from .region_labels import (FORMAT, MARK, WRITER, ImageId, ImageLabels,
                            label_dtype, pool_digest, side_file)

STORAGES = ('float16', 'float32')


class RegionLabels:
    """A pair of files, to be asked for one image after another.

    Args:
        path: ``NAME.json``; ``NAME.npy`` stays on disk, mapped to memory.

    Attributes:
        names: The concept pool.
        about: What is noted under ``info``, for example ``top_k``.
        images: Entries of the images.
        skipped: Ids of images that could not be read.

    Raises:
        FileNotFoundError: If one of the files is not there.
        ValueError: If they are damaged, of another kind, or no pair.
    """

    def __init__(self, path: PathLike) -> None:
        self.path = Path(path)
        columns = _Columns()
        content = columns.read(self.path)
        self.about = content['info'][MARK]
        self.names = tuple(c['name'] for c in content['categories'])
        self.images: List[dict] = content['images']
        self.skipped = frozenset(self.about.get('skipped', ()))
        self.digest = pool_digest(self.names)
        self._spans = columns.spans(self.images)
        boxes = np.asarray(columns.boxes, np.float64).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        self._boxes = boxes.astype(np.float32)
        self._scores, self._objectness = (
            np.asarray(column, np.float32)
            for column in (columns.scores, columns.objectness))
        self._best = np.asarray(columns.categories, np.int64) - 1
        self._rows = _open_side(side_file(path), len(boxes), self.about,
                                len(self.names))

    def __len__(self) -> int:
        """Number of regions."""
        return len(self._best)

    def __contains__(self, image_id: ImageId) -> bool:
        return image_id in self._spans

    def __iter__(self) -> Iterator[ImageLabels]:
        """All images, in the order of the file."""
        return (self._of(image) for image in self.images)

    def __getitem__(self, image_id: ImageId) -> ImageLabels:
        """Labels of one image.

        Raises:
            KeyError: If there are none.
            ValueError: If its rows are not those of its annotations.
        """
        return self._of(self.images[self._spans[image_id][0]])

    def _of(self, image: dict) -> ImageLabels:
        span = slice(*self._spans[image['id']][1:])
        rows = np.array(self._rows[span])
        good = ((rows['concepts'][:, 0] == self._best[span]).all()
                and (rows['concepts'] < len(self.names)).all()
                and (rows['log_probs'] <= 1e-2).all()
                and (rows['log_rest'] <= 1e-2).all())
        if not good:
            raise ValueError(
                f'{side_file(self.path)} does not go with {self.path}: its '
                f'rows for image {image["id"]!r} are not of the annotations '
                f'there. Write both again with {WRITER}')
        return ImageLabels(image, self._boxes[span], self._scores[span],
                           self._objectness[span], rows)


class _Columns:
    """The annotations of a json file, without a dictionary for each: there
    may be millions."""

    def __init__(self) -> None:
        self.boxes, self.scores = array('d'), array('f')
        self.objectness, self.categories = array('f'), array('l')
        self.begins: List[Tuple[ImageId, int]] = []

    def read(self, path: Path) -> dict:
        """What else the file has."""
        try:
            content = read_json(path, hook=self._take)
        except (KeyError, TypeError, OverflowError) as error:
            raise ValueError(
                f'{path} is not a file of region labels: an annotation in it '
                f'cannot be read ({type(error).__name__}: {error}). {WRITER} '
                'writes them') from None
        mark = content.get('info') if isinstance(content, dict) else None
        mark = mark.get(MARK) if isinstance(mark, dict) else None
        if not isinstance(mark, dict) or mark.get('format') != FORMAT:
            raise ValueError(f'{path} is not a file of region labels, or of '
                             f'another version: {WRITER} writes them')
        check_items(content, 'images', dict(id=ID), str(path))
        check_categories(content.get('categories'), str(path))
        ids = [category['id'] for category in content['categories']]
        count = len(self.categories)
        if (ids != [*range(1, len(ids) + 1)] or mark.get('regions') != count
                or 4 * count != len(self.boxes)
                or not np.isfinite(self.boxes).all()):
            raise ValueError(f'{path} was changed since {WRITER} wrote it: '
                             'its categories or regions are not complete')
        return content

    def _take(self, item: dict) -> Any:
        if 'bbox' not in item:
            return item
        if not self.begins or self.begins[-1][0] != item['image_id']:
            self.begins.append((item['image_id'], len(self.categories)))
        self.boxes.extend(item['bbox'])
        self.scores.append(item['score'])
        self.objectness.append(item['objectness'])
        self.categories.append(item['category_id'])
        return None

    def spans(self, images: Sequence[dict]
              ) -> Dict[ImageId, Tuple[int, int, int]]:
        """Number, first and last row of each image."""
        ends = [start for _, start in self.begins[1:]]
        rows = {name: (start, end) for (name, start), end in zip(
            self.begins, [*ends, len(self.categories)])}
        found = {image['id']: (number, *rows.pop(image['id'], (0, 0)))
                 for number, image in enumerate(images)}
        if rows or len(set(self.begins)) != len(dict(self.begins)):
            raise ValueError('annotations of an image are not together, or '
                             f'of no image: write the file with {WRITER}')
        return found


def _open_side(path: Path, count: int, about: dict,
               concepts: int) -> np.ndarray:
    """The rows, on disk."""
    if not path.is_file():
        raise FileNotFoundError(f'there is no file {path}, which belongs to '
                                f'{path.with_suffix(".json")}')
    try:
        rows = np.load(path, mmap_mode='r', allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise ValueError(f'{path} is cut off or no file of region labels '
                         f'({error})') from None
    wanted = [label_dtype(about['top_k'], concepts, kind)
              for kind in STORAGES]
    if rows.dtype not in wanted or rows.shape != (count, ):
        raise ValueError(
            f'{path} does not go with {path.with_suffix(".json")}: it has '
            f'{rows.shape} rows of {rows.dtype}, to be ({count},) of '
            f'{wanted[0]}. Write both again with {WRITER}')
    return rows
