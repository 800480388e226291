"""An index of region features, to find the nearest ones quickly.

It is kept beside the parts, ``index.faiss``, with ``index.json``, which says
of which parts it was made. Features are normalised and in half precision,
which changes similarities by less than 0.001; every one is compared.
"""
import hashlib
import json
import logging
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, Tuple

import numpy as np
from mmengine.logging import print_log

from .feature_folder import FeatureFolder, digest_of
from .feature_formats import need_extra
from .files import written_whole
from .json_files import read_json

INDEX, ABOUT = 'index.faiss', 'index.json'
FORMAT = 1  # raise it when older indices would give other results


class FeatureIndex:
    """The nearest regions of a folder.

    Args:
        index: Of faiss.
    """

    def __init__(self, index: Any) -> None:
        self.index = index

    def __len__(self) -> int:
        return self.index.ntotal

    def search(self, query: np.ndarray,
               top: int) -> Tuple[np.ndarray, np.ndarray]:
        """Find the regions most like a query.

        Args:
            query: An embedding (D,), of any length.
            top: How many regions, at most.

        Returns:
            Numbers of rows (n,) among those of the folder, best first, and
            their cosine similarities (n,).
        """
        with _one_thread():
            similarities, rows = self.index.search(
                normalised(query[None]), min(top, len(self)))
        return rows[0], similarities[0]


def normalised(features: np.ndarray) -> np.ndarray:
    """Features (N, D) of length 1, float32; a zero stays."""
    features = np.asarray(features, np.float32)
    length = np.linalg.norm(features, axis=1, keepdims=True)
    return features / np.maximum(length, 1e-12)


@contextmanager
def _one_thread() -> Iterator[None]:
    """More are no quicker for one query."""
    import faiss
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def make_index(dim: int) -> FeatureIndex:
    """An empty index for features of ``dim`` numbers.

    Raises:
        ValueError: If faiss is not there.
    """
    need_extra('faiss', 'the search')
    import faiss

    # Reading is what takes time: half of the bytes, half of the time.
    return FeatureIndex(faiss.IndexScalarQuantizer(
        dim, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT))


def open_index(folder: FeatureFolder) -> FeatureIndex:
    """The index of a folder; made first if there is none of these parts.

    Args:
        folder: Complete.

    Raises:
        ValueError: If it is not complete, or has no regions.
    """
    found = make_index(folder.about['dim'])
    about = _about(folder)
    if not about['rows']:
        raise ValueError(f'{folder.root} has no regions to be found')
    path = folder.root / INDEX
    stored = _stored(folder.root, about)
    if stored is not None:
        return FeatureIndex(stored)
    for columns in folder.each(['feature']):
        found.index.add(normalised(columns['feature']))
    try:
        _write(found.index, path, about)
    except (OSError, RuntimeError) as error:  # faiss' own is the latter
        print_log(f'{path} could not be written, so that the next search '
                  f'makes the index again: {error}', 'current',
                  logging.WARNING)
    return found


def _about(folder: FeatureFolder) -> Dict[str, Any]:
    heads = folder.heads()
    parts = hashlib.sha256(''.join(head.sha256 for head in heads).encode())
    return dict(format=FORMAT, dim=folder.about['dim'],
                rows=sum(head.rows for head in heads),
                parts_sha256=parts.hexdigest())


def _stored(root: Path, about: Dict[str, Any]) -> Any:
    """What faiss has read, or None if it is of other parts or damaged."""
    import faiss
    try:
        noted = read_json(root / ABOUT)
        if noted != dict(about, index_sha256=digest_of(root / INDEX)):
            return None
        index = faiss.read_index(str(root / INDEX))
    except (FileNotFoundError, ValueError, RuntimeError, MemoryError):
        return None
    same = (index.ntotal, index.d) == (about['rows'], about['dim'])
    return index if same else None


def _write(index: Any, path: Path, about: Dict[str, Any]) -> None:
    import faiss
    path.with_name(ABOUT).unlink(missing_ok=True)
    with written_whole(path) as partial:
        faiss.write_index(index, str(partial))
    with written_whole(path.with_name(ABOUT)) as partial:
        partial.write_text(json.dumps(dict(
            about, index_sha256=digest_of(path))), encoding='utf-8')
