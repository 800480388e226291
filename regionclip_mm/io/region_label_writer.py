"""Writes files of region labels, see :mod:`.region_labels`."""
import json
import zlib
from pathlib import Path
from typing import Any, BinaryIO, Dict, Iterable, List, Sequence, Set, TextIO

import numpy as np

from .files import PathLike, written_whole
from .region_labels import (FORMAT, MARK, ImageId, ImageLabels, index_file,
                            side_file)

DIGITS = 3  # of coordinates in the json: a thousandth of a pixel
ROUNDING = 1e-2  # of a logarithm above 0, in half precision


def write_region_labels(path: PathLike, images: Iterable[ImageLabels],
                        count: int, names: Sequence[str], dtype: np.dtype,
                        about: Dict[str, Any]) -> None:
    """Write the three files, whole or not at all, the json last.

    Args:
        path: ``NAME.json``.
        images: One after the other; none is kept.
        count: Regions of all images.
        names: The concept pool.
        dtype: Of the rows.
        about: What else to note; plain data.

    Raises:
        ValueError: If two images have one id, labels are no probabilities,
            or there are not ``count`` regions.
        OSError: If there is no room, for example, naming one of the files.
    """
    mark = dict(about, format=FORMAT, regions=count,
                top_k=dtype['concepts'].shape[0])
    index = _Index(len(names))
    with written_whole(path) as text, written_whole(
            index_file(path)) as lines, written_whole(side_file(path)) as side:
        with open(text, 'w', encoding='utf-8') as out, open(side, 'wb') as raw:
            _write_head(raw, count, dtype)
            out.write(f'{{"info": {json.dumps({MARK: mark})},\n"categories": '
                      f'{json.dumps(_categories(names))},\n"annotations": [')
            for labels in images:
                before = index.regions
                labels = labels._replace(rows=labels.rows.astype(dtype))
                index.add(labels)
                raw.write(labels.rows.tobytes())
                _write_annotations(out, labels, before)
            joined = ',\n'.join(index.images)
            out.write(f'],\n"images": [\n{joined}]}}\n')
        if index.regions != count:
            raise ValueError(f'{path}: {count} regions were announced, '
                             f'{index.regions} given')
        index.write(lines, mark, names)


class _Index:
    """What the index file has.

    Attributes:
        images: Entries, in json.
        regions: How many there are so far.
    """

    def __init__(self, concepts: int) -> None:
        self.images: List[str] = []
        self.regions = 0
        self._concepts = concepts
        self._rows: List[str] = []
        self._ids: Set[ImageId] = set()
        self._rest_sum = self._rest_max = 0.

    def add(self, labels: ImageLabels) -> None:
        """Note an image."""
        image, rows = labels
        if image['id'] in self._ids:
            raise ValueError(f'two images have the img_id {image["id"]!r}, by '
                             'which labels are found: it must be of one')
        if not _are_probabilities(rows, self._concepts):
            raise ValueError(
                f'the labels of image {image["id"]!r} are no probabilities '
                '(NaN or infinite, perhaps): are the weights of teacher and '
                'proposal source right, and their numbers in range of '
                'model.teacher_dtype?')
        self._ids.add(image['id'])
        self.images.append(json.dumps(image))
        self._rows.append(f'"regions": {len(rows)}, "crc32": '
                          f'{zlib.crc32(rows.tobytes())}')
        self.regions += len(rows)
        rest = np.exp(rows['log_rest'].astype(np.float64))
        self._rest_sum += float(rest.sum())
        self._rest_max = max(self._rest_max, float(rest.max(initial=0)))

    def write(self, path: Path, mark: Dict[str, Any],
              names: Sequence[str]) -> None:
        """A line for the whole, and one for each image."""
        mark = dict(mark, images=len(self.images), rest_sum=self._rest_sum,
                    rest_max=self._rest_max)
        with open(path, 'w', encoding='utf-8') as out:
            out.write(json.dumps({MARK: mark, 'concepts': list(names)}) + '\n')
            for rows, image in zip(self._rows, self.images):
                out.write(f'{{{rows}, "image": {image}}}\n')


def _are_probabilities(rows: np.ndarray, concepts: int) -> bool:
    return bool((rows['concepts'] < concepts).all()
                and (rows['log_probs'] <= ROUNDING).all()
                and (rows['log_rest'] <= ROUNDING).all()
                and all(np.isfinite(rows[field]).all()
                        for field in ('boxes', 'scores', 'objectness')))


def _categories(names: Sequence[str]) -> List[Dict[str, Any]]:
    return [dict(id=i, name=name) for i, name in enumerate(names, 1)]


def _write_head(raw: BinaryIO, count: int, dtype: np.dtype) -> None:
    """What an npy file begins with."""
    np.lib.format.write_array_header_2_0(raw, dict(
        descr=np.lib.format.dtype_to_descr(dtype), shape=(count, ),
        fortran_order=False))


def _write_annotations(out: TextIO, labels: ImageLabels, before: int) -> None:
    """One line for each region."""
    rows = labels.rows
    x1, y1, x2, y2 = rows['boxes'].astype(np.float64).round(DIGITS).T
    columns = zip(
        *(column.round(DIGITS).tolist()
          for column in (x1, y1, x2 - x1, y2 - y1)),
        (rows['concepts'][:, 0].astype(int) + 1).tolist(),
        rows['scores'].tolist(), rows['objectness'].tolist())
    for number, (x, y, w, h, category, score, sure) in enumerate(
            columns, before + 1):
        out.write(',\n' if number > 1 else '\n')
        out.write(json.dumps(dict(
            id=number, image_id=labels.image['id'], category_id=category,
            bbox=[x, y, w, h], area=round(w * h, 2), iscrowd=0,
            score=float(f'{score:.7g}'), objectness=float(f'{sure:.4g}'))))
