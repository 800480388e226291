"""Example images of names, as a folder of folders or a COCO file."""
import os
from collections import defaultdict
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Tuple

from ..io.json_files import (ANNOTATION, check_categories, check_items,
                             read_json)
from ..io.wording import listed
from .feature_images import coco_images
from .image_feed import list_images


class Example(NamedTuple):
    """What something looks like.

    Attributes:
        image: Path.
        box: (x1, y1, x2, y2) in its pixels, or None for the whole image.
    """
    image: str
    box: Optional[Tuple[float, float, float, float]] = None


Examples = Dict[str, List[Example]]


def read_examples(path: str, image_root: Optional[str] = None,
                  most: Optional[int] = None) -> Examples:
    """Examples of each name, at least one.

    Args:
        path: A folder with a folder of images for each name, or a COCO file,
            whose boxes are the examples of their categories.
        image_root: Folder that ``file_name`` of COCO's images begins in; by
            default that of the json.
        most: Take the first so many of a name; None: all.

    Raises:
        ValueError: If there are none, or the file is wrong.
    """
    found = (_of_folders(path) if os.path.isdir(path) else
             _of_coco(path, image_root))
    return {name: examples[:most] for name, examples in found.items()}


def _of_folders(path: str) -> Examples:
    folders = sorted(one for one in Path(path).iterdir() if one.is_dir())
    if not folders:
        raise ValueError(f'{path} has no folders in it: make one for each '
                         'name, with example images of it')
    return {folder.name: [Example(image) for image in list_images(str(folder))]
            for folder in folders}


def _of_coco(path: str, image_root: Optional[str]) -> Examples:
    """Categories without boxes are left out, and crowds."""
    data = read_json(path)
    root = os.path.dirname(path) if image_root is None else image_root
    images = {image['id']: os.path.join(root, image['file_name'])
              for image in coco_images(data, path)}
    check_items(data, 'annotations', {
        key: ANNOTATION[key] for key in ('image_id', 'category_id', 'bbox')},
        path)
    check_categories(data.get('categories'), path)
    found = defaultdict(list)
    known = dict(image_id=images, category_id={
        category['id'] for category in data['categories']})
    for annotation in data['annotations']:
        for key, there in known.items():
            if annotation[key] not in there:
                raise ValueError(
                    f'{path}: annotations are of '
                    f'{"images" if key == "image_id" else "categories"} that '
                    f'it does not have: {key} {listed([annotation[key]])}')
        x, y, width, height = annotation['bbox']
        if not annotation.get('iscrowd'):
            found[annotation['category_id']].append(Example(
                images[annotation['image_id']],
                (x, y, x + width, y + height)))
    if not found:
        raise ValueError(f'{path} has no boxes, which would be the examples')
    return {category['name']: found[category['id']]
            for category in data['categories'] if category['id'] in found}
