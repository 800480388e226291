"""Reads, narrows and writes COCO and LVIS annotation files."""
import json
from pathlib import Path
from typing import Callable, Iterable, Sequence, Union

from ..io.files import written_whole
from ..io.json_files import (ANNOTATION, IMAGE, OF_LVIS, check_categories,
                             check_items, read_json)
from .class_order import category_ids, strays

PathLike = Union[str, Path]


def read_annotations(path: PathLike) -> dict:
    """Read a COCO or LVIS annotation file and check that it is whole.

    Args:
        path: A json with ``images``, ``annotations`` and ``categories``.

    Raises:
        ValueError: If it is no such file, or annotations point nowhere.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f'there is no {path}; download the annotations first, see '
            'docs/datasets.md')
    data = read_json(path)
    parts = ('images', 'annotations', 'categories')
    missing = [p for p in parts if not isinstance(data, dict)
               or not data.get(p)]
    if missing:
        raise ValueError(f'{path} has no {", ".join(missing)}; a COCO or LVIS '
                         'file with annotations is needed')
    check_items(data, 'images', {**IMAGE, **OF_LVIS}, str(path))
    check_items(data, 'annotations', ANNOTATION, str(path))
    check_categories(data['categories'], str(path))
    for stray in strays(data):
        raise ValueError(f'{path}: {stray}')
    return data


def select_classes(data: dict, classes: Sequence[str],
                   source: str = 'the annotation file') -> dict:
    """The part of an annotation file that is about some classes.

    Args:
        data: As from :func:`read_annotations`; not changed.
        classes: Names; the result lists its categories in this order.
        source: The file, for error messages.

    Returns:
        Annotations of these classes and the images that have one, with their
        ids; per-image category lists of LVIS are narrowed too.
    """
    ids = category_ids(data['categories'], classes, source)
    by_id = {category['id']: category for category in data['categories']}
    annotations = only(data['annotations'], 'category_id', ids)
    images = only(data['images'], 'id', (a['image_id'] for a in annotations))
    return dict(
        data,
        images=[_narrow_lists(image, set(ids)) for image in images],
        annotations=annotations,
        categories=[by_id[i] for i in ids])


def only(items: Sequence[dict], key: str, values: Iterable) -> list:
    """The items whose ``key`` is among ``values``."""
    values = frozenset(values)
    return [item for item in items if item[key] in values]


def _narrow_lists(image: dict, ids: set) -> dict:
    return dict(image, **{key: [i for i in image[key] if i in ids]
                          for key in OF_LVIS if image.get(key)})


def write_annotations(path: PathLike, data: dict,
                      report: Callable[[str], None] = print) -> None:
    """Write an annotation file whole, or not at all.

    Args:
        path: The file; an existing one is replaced.
        data: What to write.
        report: Told in a line what was written.
    """
    write_whole(path, json.dumps(data))
    counts = ', '.join(f'{len(data[part])} {part}' for part in
                       ('categories', 'images', 'annotations'))
    report(f'{path}: {counts}')


def write_whole(path: PathLike, text: str) -> None:
    """Write a text file under another name, then rename it."""
    with written_whole(path) as partial:
        partial.write_text(text, encoding='utf-8')
