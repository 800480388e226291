"""The index of region labels, see :mod:`.region_labels`."""
import json
from typing import Any, Dict, Iterator, NamedTuple, TextIO, Tuple

from .files import PathLike
from .json_files import ID
from .region_labels import FORMAT, MARK, WRITER, index_file, written_anew

LARGEST = 2**31 - 1  # number
DAMAGED = 'surrogateescape'  # what is no UTF-8 is seen later, as no text


class LabelHead(NamedTuple):
    """What a set of region labels is, without any of them.

    Attributes:
        about: ``images``, ``regions``, ``top_k``, and what the writer noted.
        names: The concept pool.
    """
    about: Dict[str, Any]
    names: Tuple[str, ...]


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
            f'labels of regions. If it is not needed: {written_anew(path)}')
    with open(index, encoding='utf-8', errors=DAMAGED) as file:
        content = _first_line(file)
    about, names = content.get(MARK), content.get('concepts')
    if not isinstance(about, dict) or about.get('format') != FORMAT:
        raise ValueError(f'{index} is not an index of region labels, or of '
                         f'another version: {written_anew(path)}')
    counts = [about.get(key) for key in ('images', 'regions', 'top_k')]
    if (not isinstance(names, list) or not names
            or not all(isinstance(name, str) for name in names)
            or not all(type(count) is int for count in counts)):
        raise ValueError(_cut_off(path))
    return LabelHead(about, tuple(names))


def read_lines(path: PathLike, head: LabelHead) -> Iterator[Dict[str, Any]]:
    """What the index has of each image.

    Args:
        path: ``NAME.json``.
        head: Of :func:`read_head`.

    Yields:
        ``image``, an entry of :class:`ImageLabels`, ``regions``, their
        number, and ``crc32``, of their rows.

    Raises:
        ValueError: If lines are damaged, or there are too few or too many
            images or regions.
    """
    images = regions = 0
    with open(index_file(path), encoding='utf-8', errors=DAMAGED) as file:
        file.readline()
        for images, line in enumerate(file, 1):
            found = _parsed(line)
            if found is None:
                raise ValueError(f'line {images + 1} of {_cut_off(path)}')
            regions += found['regions']
            yield found
    if (images, regions) != (head.about['images'], head.about['regions']):
        raise ValueError(_cut_off(path))


def _first_line(file: TextIO) -> Dict[str, Any]:
    try:
        found = json.loads(file.readline())
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _parsed(line: str) -> Any:
    """A line; None if it is damaged."""
    try:
        found = json.loads(line)
        image = found['image']
        numbers = (found['regions'], found['crc32'] >> 1, image['width'],
                   image['height'])
        # json is ASCII; a name that is not UTF-8 is escaped in it
        good = (line.isascii() and ID[0](image['id'])
                and isinstance(image['file_name'], str)
                and all(type(n) is int and 0 <= n <= LARGEST
                        for n in numbers))
    except (ValueError, RecursionError, KeyError, TypeError):
        good = False
    return found if good else None


def _cut_off(path: PathLike) -> str:
    return (f'{index_file(path)} was changed or cut off since {WRITER} wrote '
            f'it: {written_anew(path)}')
