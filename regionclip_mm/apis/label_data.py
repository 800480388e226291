"""Tells the data that was labelled from other data, without decoding it.

Captions have no say in labels, so theirs may change.
"""
import hashlib
from contextlib import suppress
from pathlib import Path
from typing import Any, Iterable, List, NamedTuple, Optional, Sequence
from urllib.parse import urlsplit
from urllib.request import url2pathname

from torch.utils.data import Dataset

from .label_images import folder_of, without_folder

IMAGES = 'img_id and img_path of the images'  # in messages
TAR = 'size and first MiB of the tar'
HEAD = 1 << 20  # bytes of a tar


class KnownImage(NamedTuple):
    """What is known of an image before it is loaded.

    Attributes:
        image_id: By which labels are found.
        path: Relative to the folder of the images, if there is one.
    """
    image_id: Any
    path: str


def known_images(dataset: Dataset,
                 rows: Sequence[int]) -> Optional[List[KnownImage]]:
    """Images of a dataset of mmengine's; None of any other.

    Args:
        dataset: With all samples in its order.
        rows: Numbers of some.
    """
    if not hasattr(dataset, 'get_data_info'):
        return None
    folder, found = folder_of(dataset), []
    for row in rows:
        info = dataset.get_data_info(row)
        found.append(KnownImage(
            info.get('img_id'),
            without_folder(str(info.get('img_path')), folder)))
    return found


def digest_of_images(images: Optional[Iterable[KnownImage]]) -> Optional[str]:
    """The same for the same images in the same order."""
    if images is None:
        return None
    return _digest(repr(tuple(image)) for image in images)


def digest_of_tar(url: str) -> Optional[str]:
    """Size and a hash of how a tar begins; None if it is no local file.

    Args:
        url: Of a shard; those of files begin with ``file://``.
    """
    if not url.startswith('file://'):
        return None
    path = Path(url2pathname(urlsplit(url).path))
    with suppress(OSError):  # whoever reads it will say so
        with open(path, 'rb') as file:
            head = hashlib.sha256(file.read(HEAD)).hexdigest()
        return f'{path.stat().st_size} bytes, sha256 {head}'
    return None


def joined(digests: Iterable[Optional[str]]) -> Optional[str]:
    """Of all parts; None if one is not known."""
    every = list(digests)
    return None if None in every else _digest(every)


def _digest(lines: Iterable[str]) -> str:
    text = '\n'.join(lines)
    return hashlib.sha256(text.encode(errors='surrogatepass')).hexdigest()
