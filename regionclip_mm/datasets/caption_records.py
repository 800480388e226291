"""Images and their captions in annotation files, read record by record."""
from typing import Any, Container, Dict, Iterator, List, Tuple

from ..io.caption_files import read_lines
from ..io.files import require_file
from ..io.json_files import ID, IMAGE_TO_LOAD, check_items, read_json
from ..io.sample_captions import captions_in, instead_of_text, json_record
from ..io.skipped_data import (BROKEN_RECORD, DAMAGE, BadSampleError,
                               SkippedData, reason_of)
from ..io.wording import short_repr

Record = Dict[str, Any]
SIZE = ('width', 'height')
IMAGE = {'id': ID, 'file_name': IMAGE_TO_LOAD['file_name']}


def read_coco_captions(path: str, skipped: SkippedData) -> Iterator[Record]:
    """The images of a file in the format of COCO captions.

    Args:
        path: Of the file.
        skipped: Counts annotations that cannot be used.

    Yields:
        ``img_id``, ``file``, ``texts`` (list of str, may be empty), and
        ``width`` and ``height`` if the file has them.

    Raises:
        FileNotFoundError, ValueError: If it is no such file.
    """
    data = read_json(path, 'surrogateescape')
    check_items(data, 'images', IMAGE, path)
    check_items(data, 'annotations', {}, path)
    texts: Dict[Any, List[str]] = {item['id']: [] for item in data['images']}
    for row, item in enumerate(data['annotations']):
        where = f'{path}, annotations[{row}]'
        try:
            found = captions_in(item, 'caption', where)
            texts[_image_of(item, texts, where)] += found
        except BadSampleError as error:
            skipped.add(BROKEN_RECORD, error.where)
    for item in data['images']:
        yield dict({key: item[key] for key in SIZE if key in item},
                   img_id=item['id'], file=item['file_name'],
                   texts=texts[item['id']])


def read_json_lines(path: str, image_key: str, caption_key: str,
                    skipped: SkippedData) -> Iterator[Record]:
    """The images of a file that has a json object in each line.

    Args:
        path: Of the file, also with ``.gz``.
        image_key: Under it, an object has the path of its image.
        caption_key: Under it, a text or a list of texts.
        skipped: Counts lines that cannot be used, and damage.

    Yields:
        ``img_id`` and ``file``, both the path as it is in the file, and
        ``texts`` of all its lines, in the order of the first ones.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no ordinary file.
    """
    texts: Dict[str, List[str]] = {}
    require_file(path)
    try:
        with open(path, 'rb') as raw:
            for number, line in read_lines(raw, str(path)):
                if not line.strip():
                    continue
                try:
                    image, found = _parse(line, image_key, caption_key,
                                          f'{path}:{number}')
                    texts.setdefault(image, []).extend(found)
                except BadSampleError as error:
                    skipped.add(BROKEN_RECORD, error.where)
    except DAMAGE as error:
        skipped.add(BROKEN_RECORD, f'{path}: {reason_of(error)}')
    for image, found in texts.items():
        yield dict(img_id=image, file=image, texts=found)


def _parse(line: str, image_key: str, caption_key: str,
           where: str) -> Tuple[str, List[str]]:
    """Path of the image and captions of a line."""
    record = json_record(line, where)
    image = record.get(image_key) if isinstance(record, dict) else None
    if not isinstance(image, str) or not image:
        raise BadSampleError(BROKEN_RECORD, f'{where}: no text under '
                             f'{image_key!r}, '
                             f'{instead_of_text(record, image_key)}')
    return image, captions_in(record, caption_key, where)


def _image_of(item: dict, images: Container, where: str) -> Any:
    """The id of an annotation's image, which is one of these."""
    image = item.get('image_id')
    if not isinstance(image, (int, str)) or image not in images:
        raise BadSampleError(BROKEN_RECORD, f'{where}: no image has the '
                             f"'image_id' {short_repr(image)}")
    return image
