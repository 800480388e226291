"""The images, and boxes, that a run of region features is about."""
import os
from pathlib import PurePath
from typing import Any, Dict, Iterator, List, Optional, Sequence

import numpy as np

from ..io.files import PathLike, read_text
from ..io.json_files import (ANNOTATION, IMAGE, IMAGE_TO_LOAD, check_items,
                             read_json)
from ..io.wording import is_text, listed
from .image_feed import list_images

Boxes = Dict[str, np.ndarray]  # path of an image -> (N, 4) in its pixels


def list_paths(inputs: Sequence[str],
               image_root: Optional[str] = None) -> List[str]:
    """Paths of images, each once, in the order given.

    Args:
        inputs: Images, folders of them, ``*.txt`` with a path a line, and
            COCO files (``*.json``), whose ``images`` are meant.
        image_root: Folder that ``file_name`` of COCO's images begins in; by
            default that of the json.

    Raises:
        ValueError: If there is no image, or a file cannot be used.
    """
    paths = [os.fspath(path) for item in inputs
             for path in _paths_of(item, image_root)]
    if not paths:
        raise ValueError(f'there are no images in {listed(inputs, 3, str)}')
    odd = [path for path in paths if not is_text(path)]
    if odd:
        raise ValueError('names of images must be texts that can be written '
                         f'as UTF-8: rename {listed(odd, 3)}')
    return list(dict.fromkeys(paths))


def _paths_of(item: str, image_root: Optional[str]) -> Iterator[PathLike]:
    if os.path.isdir(item):
        yield from list_images(item)
    elif item.lower().endswith('.txt'):
        yield from filter(None, map(str.strip, read_text(item).splitlines()))
    elif item.lower().endswith('.json'):
        root = os.path.dirname(item) if image_root is None else image_root
        for image in coco_images(read_json(item), item):
            yield os.path.join(root, image['file_name'])
    else:
        yield item


def coco_images(data: Any, source: str) -> List[dict]:
    """The ``images`` of a COCO file, each with ``id`` and ``file_name``.

    Args:
        data: What is in the file.
        source: The file, for error messages.
    """
    check_items(data, 'images', dict(
        IMAGE, file_name=IMAGE_TO_LOAD['file_name']), source)
    return data['images']


def read_boxes(path: str, images: Sequence[str]) -> Boxes:
    """Boxes of a COCO file for images.

    Args:
        path: The file.
        images: Paths; an image is the one of the file whose ``file_name`` it
            ends in.

    Returns:
        For the images that the file has, boxes (N, 4), (x1, y1, x2, y2) in
        original pixels; N may be 0.

    Raises:
        ValueError: If the file has images that are not among these, or
            annotations of images that it does not have.
    """
    data = read_json(path)
    names = {image['id']: image['file_name']
             for image in coco_images(data, path)}
    check_items(data, 'annotations', {
        key: ANNOTATION[key] for key in ('image_id', 'bbox')}, path)
    strays = sorted({a['image_id'] for a in data['annotations']}
                    - set(names), key=str)
    if strays:
        raise ValueError(f'{path}: annotations are of images that it does '
                         f'not have: image_id {listed(strays, 3)}')
    found: Dict[Any, list] = {number: [] for number in names}
    for annotation in data['annotations']:
        x, y, width, height = annotation['bbox']
        found[annotation['image_id']].append((x, y, x + width, y + height))
    places = _places(names, images, path)
    return {places[number]: np.array(boxes, np.float32).reshape(-1, 4)
            for number, boxes in found.items()}


def _places(names: Dict[Any, str], images: Sequence[str],
            source: str) -> Dict[Any, str]:
    """Which path each image of a COCO file has, by its id."""
    numbers = {PurePath(name).parts: number
               for number, name in names.items()}
    places: Dict[Any, str] = {}
    for image in images:
        parts = PurePath(image).parts
        number = next((numbers[parts[begin:]] for begin in range(len(parts))
                       if parts[begin:] in numbers), None)
        if number in places:
            raise ValueError(f'{source}: {names[number]} may be '
                             f'{places[number]} or {image}: give one of them')
        if number is not None:
            places[number] = image
    unknown = [name for number, name in names.items()
               if number not in places]
    if unknown:
        raise ValueError(
            f'{source} has boxes for {len(unknown)} images that are not among '
            f'the {len(images)} given: {listed(unknown, 3, str)}. Give these '
            'images, too, or a json without them')
    return places
