"""Files of region labels: boxes with the teacher's concepts for them.

``NAME.json`` is in COCO's format: images with their ``captions``, the concept
pool as categories, one annotation for each region with its best concept,
``score`` (its probability) and ``objectness``. ``NAME.npy`` has a row for each
annotation, in their order, see :func:`label_dtype`.
"""
import hashlib
import json
import re
from pathlib import Path
from typing import Any, Dict, Iterable, NamedTuple, Sequence, TextIO, Union

import numpy as np

from .files import PathLike, written_whole

FORMAT = 1  # raise it when older files would be misread
MARK = 'region_labels'  # in `info`: what COCO's format does not say
WRITER = 'tools/label_regions.py'
SHARD = '{shard}'  # in a path: name of a tar shard without its ending
ENDING = re.compile(r'\.(tar(\.\w+)?|tgz)$', re.I)  # of a shard
DIGITS = 3  # of coordinates: a thousandth of a pixel

ImageId = Union[int, str]


class ImageLabels(NamedTuple):
    """Regions of one image.

    Attributes:
        image: Entry of COCO's ``images``: ``id``, ``file_name``, ``width``,
            ``height``, ``captions``.
        boxes: (x1, y1, x2, y2) in original pixels, (R, 4) float32.
        scores: Probability of the best concept (R,).
        objectness: Probability (R,).
        rows: The concepts, (R,) of a :func:`label_dtype`.
    """
    image: Dict[str, Any]
    boxes: np.ndarray
    scores: np.ndarray
    objectness: np.ndarray
    rows: np.ndarray


def label_dtype(top_k: int, concepts: int,
                storage: str = 'float16') -> np.dtype:
    """What a region has in the side file.

    Args:
        top_k: Number of concepts k that are told apart.
        concepts: Number of concepts in the pool.
        storage: Type of the logarithms.

    Returns:
        A structure of ``concepts`` (k,), best first, ``log_probs`` (k,), and
        ``log_rest``, of the mass of all other concepts.
    """
    index = np.min_scalar_type(max(concepts - 1, 0)).newbyteorder('<')
    number = np.dtype(storage).newbyteorder('<')
    return np.dtype([('concepts', index, (top_k, )),
                     ('log_probs', number, (top_k, )), ('log_rest', number)])


def side_file(path: PathLike) -> Path:
    """``NAME.npy`` of ``NAME.json``."""
    return Path(path).with_suffix('.npy')


def shard_stem(shard: str) -> str:
    """What :data:`SHARD` stands for: 'a.12' for '.../a.12.tar.gz'."""
    return ENDING.sub('', shard.rsplit('/', 1)[-1])


def pool_digest(names: Sequence[str]) -> str:
    """Tells one concept pool from another, order included."""
    return hashlib.sha256(json.dumps(list(names)).encode()).hexdigest()


def write_region_labels(path: PathLike, images: Iterable[ImageLabels],
                        count: int, names: Sequence[str], dtype: np.dtype,
                        about: Dict[str, Any]) -> None:
    """Write a pair of files, whole or not at all, the json last.

    Args:
        path: ``NAME.json``.
        images: One after the other; none is kept.
        count: Regions of all images.
        names: The concept pool.
        dtype: Of the rows.
        about: What else to note under ``info``; plain data.
    """
    mark = dict(about, format=FORMAT, regions=count,
                top_k=dtype['concepts'].shape[0])
    categories = [dict(id=i, name=name) for i, name in enumerate(names, 1)]
    entries: Dict[ImageId, str] = {}
    with written_whole(path) as text, written_whole(side_file(path)) as side:
        with open(text, 'w', encoding='utf-8') as out, open(side, 'wb') as raw:
            np.lib.format.write_array_header_2_0(raw, dict(
                descr=np.lib.format.dtype_to_descr(dtype), shape=(count, ),
                fortran_order=False))
            out.write(f'{{"info": {json.dumps({MARK: mark})},\n"categories": '
                      f'{json.dumps(categories)},\n"annotations": [')
            written = 0
            for labels in images:
                if labels.image['id'] in entries:
                    raise ValueError(
                        f'two images have the img_id {labels.image["id"]!r}, '
                        'by which labels are found: it must be of one')
                entries[labels.image['id']] = json.dumps(labels.image)
                raw.write(labels.rows.astype(dtype).tobytes())
                _write_annotations(out, labels, written)
                written += len(labels.rows)
            joined = ',\n'.join(entries.values())
            out.write(f'],\n"images": [\n{joined}]}}\n')
        if written != count:
            raise ValueError(f'{path}: {count} regions were announced, '
                             f'{written} given')


def _write_annotations(out: TextIO, labels: ImageLabels, before: int) -> None:
    """One line for each region."""
    x1, y1, x2, y2 = labels.boxes.astype(np.float64).round(DIGITS).T
    columns = zip(
        *(column.round(DIGITS).tolist()
          for column in (x1, y1, x2 - x1, y2 - y1)),
        (labels.rows['concepts'][:, 0].astype(int) + 1).tolist(),
        labels.scores.tolist(), labels.objectness.tolist())
    for number, (x, y, w, h, category, score, sure) in enumerate(
            columns, before + 1):
        out.write(',\n' if number > 1 else '\n')
        out.write(json.dumps(dict(
            id=number, image_id=labels.image['id'], category_id=category,
            bbox=[x, y, w, h], area=round(w * h, 2), iscrowd=0,
            score=float(f'{score:.7g}'), objectness=float(f'{sure:.4g}'))))
