"""Files of proposals, read as data and checked image by image."""
from os import path as osp
from typing import Any, Dict, List, Optional, Sequence

import numpy as np
from mmengine.fileio import get

from ..io.arrays import load_arrays
from ..io.wording import listed

Proposals = Dict[str, np.ndarray]
WRITE = 'tools/extract_proposals.py writes such a file'


def read_proposals(path: str,
                   backend_args: Optional[dict] = None) -> Dict[str, Any]:
    """Open a file of proposals without running any code in it.

    Args:
        path: A pickle, of mmdet's ``DumpProposals`` or
            ``tools/extract_proposals.py``.
        backend_args: Of mmengine, for files that are not local.

    Returns:
        For each image, ``folder/name``, what the file has; not yet checked.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is of another kind.
    """
    try:
        content = get(path, backend_args=backend_args)
    except (FileNotFoundError, IsADirectoryError):
        raise FileNotFoundError(
            f'There is no file of proposals {path} (dataset.proposal_file). '
            f'{WRITE}') from None
    found = load_arrays(content, path)
    if not isinstance(found, dict):
        raise ValueError(
            f'{path} (dataset.proposal_file) holds a {type(found).__name__}, '
            f'not a dictionary with an entry for each image. {WRITE}')
    return found


def image_key(img_path: str) -> str:
    """``folder/name`` of an image, by which files of proposals name it."""
    folder, name = osp.split(img_path)
    return osp.join(osp.split(folder)[-1], name)


def proposals_of(entry: Any, where: str) -> Proposals:
    """Proposals of one image as mmdet's ``LoadProposals`` takes them.

    Args:
        entry: What the file has for the image.
        where: File and image, for messages.

    Returns:
        ``bboxes`` (R, 4), (x1, y1, x2, y2) in original pixels, and
        ``scores`` (R,), objectness probabilities, float32.

    Raises:
        ValueError: If there is no array of finite numbers for each.
    """
    if not isinstance(entry, dict):
        raise ValueError(f'{where} is a {type(entry).__name__}: it needs '
                         f'bboxes and scores. {WRITE}')
    bboxes, scores = (_numbers(entry, key, where)
                      for key in ('bboxes', 'scores'))
    if bboxes.shape[1:] != (4, ) or scores.shape != bboxes.shape[:1]:
        raise ValueError(
            f'{where}: bboxes {bboxes.shape} and scores {scores.shape} should '
            f'be (R, 4) and (R,). {WRITE}')
    return dict(bboxes=bboxes, scores=scores)


def _numbers(entry: dict, key: str, where: str) -> np.ndarray:
    value = entry.get(key)
    if value is None:
        raise ValueError(f'{where} has no {key}: proposals are ranked by '
                         f'their scores, so both are needed. {WRITE}')
    if not isinstance(value, np.ndarray) or value.dtype.kind not in 'fiu':
        kind = getattr(value, 'dtype', type(value).__name__)
        raise ValueError(f'{where}: {key} should be an array of numbers, it '
                         f'is {kind}. {WRITE}')
    if not np.isfinite(value).all():
        raise ValueError(f'{where}: {key} are not all finite numbers')
    return value.astype(np.float32)


def check_size(entry: Any, image: dict, where: str) -> None:
    """Raise if the proposals are of an image of another size.

    Args:
        entry: What the file has; its ``size`` (height, width) may lack.
        image: Of the dataset, with ``height`` and ``width``.
        where: File and image, for the message.
    """
    size = entry.get('size') if isinstance(entry, dict) else None
    own = image.get('height'), image.get('width')
    # in any order, as cameras turn pictures without turning their sizes
    if size is not None and None not in own and (
            sorted(np.ravel(size)) != sorted(own)):
        raise ValueError(
            f'{where} has proposals of an image of {size[0]} x {size[1]} '
            f'pixels, the ann_file says {own[0]} x {own[1]}: the file is of '
            'other images with the same names, or height and width in the '
            'ann_file are wrong')


def check_all_have_proposals(images: Sequence[dict], known: int,
                             path: str) -> None:
    """Raise if an image of the dataset is not in its file of proposals.

    Args:
        images: What the dataset is left with, each with ``img_path``.
        known: Number of images in the file.
        path: The file.
    """
    lacking: List[str] = [image_key(image['img_path']) for image in images
                          if 'proposals' not in image]
    if lacking:
        raise ValueError(
            f'{path} (dataset.proposal_file) has proposals of {known} images, '
            f'but of {len(lacking)} of the {len(images)} images of the '
            f'dataset it has none: {listed(lacking, 3)}. Write the file for '
            'this dataset: tools/extract_proposals.py')
