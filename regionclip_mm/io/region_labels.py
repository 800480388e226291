"""Files of region labels: boxes with the teacher's concepts for them.

============================  ================================================
``NAME.npy``                  a row for each region, see :func:`label_dtype`
``NAME.index.jsonl``          a first line of what the labels are, then a line
                              for each image: its number of rows and their
                              CRC-32
``NAME.json``                 the same regions in COCO's format, for others:
                              nothing here reads it
============================  ================================================
"""
import hashlib
import json
import re
import zlib
from pathlib import Path
from typing import Any, Dict, NamedTuple, Sequence, Union

import numpy as np

from .files import PathLike

FORMAT = 2  # raise it when older files would be misread
MARK = 'region_labels'  # in `info`: what COCO's format does not say
WRITER = 'tools/label_regions.py'
SHARD = '{shard}'  # in a path: name of a tar shard without its ending
ENDING = re.compile(r'\.(tar(\.\w+)?|tgz)$', re.I)  # of a shard

ImageId = Union[int, str]


class ImageLabels(NamedTuple):
    """Regions of one image.

    Attributes:
        image: Entry of COCO's ``images``: ``id``, ``file_name``, ``width``,
            ``height``, ``captions``.
        rows: The regions, (R,) of a :func:`label_dtype`.
    """
    image: Dict[str, Any]
    rows: np.ndarray


def label_dtype(top_k: int, concepts: int,
                storage: str = 'float16') -> np.dtype:
    """What a region has in the side file.

    Args:
        top_k: Number of concepts k that are told apart.
        concepts: Number of concepts in the pool.
        storage: Type of the logarithms.

    Returns:
        A structure of ``boxes`` (4,), (x1, y1, x2, y2) in original pixels,
        ``scores``, the probability of the best concept, ``objectness``, a
        probability; ``concepts`` (k,), best first, ``log_probs`` (k,), and
        ``log_rest``, of the mass of all other concepts.
    """
    index = np.min_scalar_type(max(concepts - 1, 0)).newbyteorder('<')
    number = np.dtype(storage).newbyteorder('<')
    return np.dtype([('boxes', '<f4', (4, )), ('scores', '<f4'),
                     ('objectness', '<f4'), ('concepts', index, (top_k, )),
                     ('log_probs', number, (top_k, )), ('log_rest', number)])


def side_file(path: PathLike) -> Path:
    """``NAME.npy`` of ``NAME.json``."""
    return Path(path).with_suffix('.npy')


def index_file(path: PathLike) -> Path:
    """``NAME.index.jsonl`` of ``NAME.json``."""
    return Path(path).with_suffix('.index.jsonl')


def name_sum(path: str) -> int:
    """CRC-32 of a file name, whatever its folder."""
    name = path.replace('\\', '/').rpartition('/')[2]
    return zlib.crc32(name.encode(errors='surrogatepass'))


def files_of(path: PathLike) -> str:
    """The three files of ``NAME.json``, in words."""
    return f'{path}, {side_file(path)} and {index_file(path)}'


def written_anew(path: PathLike) -> str:
    """What to do about labels that are damaged, in words."""
    return (f'remove {files_of(path)}, and run {WRITER} with the command that '
            'wrote them, which writes them anew')


def shard_stem(shard: str) -> str:
    """What :data:`SHARD` stands for: 'a.12' for '.../a.12.tar.gz'."""
    return ENDING.sub('', shard.rsplit('/', 1)[-1])


def pool_digest(names: Sequence[str]) -> str:
    """Tells one concept pool from another, order included."""
    return hashlib.sha256(json.dumps(list(names)).encode()).hexdigest()
