"""Images and their captions in annotation files, read record by record."""
import json
from typing import Any, Dict, Iterator, List

from ..io.caption_files import read_lines
from ..io.json_files import ID, IMAGE_TO_LOAD, check_items, read_json
from ..io.sample_captions import texts_under
from ..io.skipped_data import BROKEN_RECORD, DAMAGE, SkippedData, reason_of
from ..io.wording import listed

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
        image = item.get('image_id') if isinstance(item, dict) else None
        found = texts_under(item, 'caption')
        if found is None or not isinstance(image, (int, str)) or (
                image not in texts):
            skipped.add(BROKEN_RECORD, f'{path}, annotations[{row}]: no '
                        "'caption' that is a text, or no such 'image_id'")
        else:
            texts[image] += found
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
    """
    texts: Dict[str, List[str]] = {}
    try:
        with open(path, 'rb') as raw:
            for number, line in read_lines(raw, str(path)):
                if not line.strip():
                    continue
                try:
                    image, found = _parse(line, image_key, caption_key)
                except (ValueError, RecursionError) as error:
                    skipped.add(BROKEN_RECORD,
                                f'{path}:{number}: {reason_of(error)}')
                else:
                    texts.setdefault(image, []).extend(found)
    except FileNotFoundError:
        raise FileNotFoundError(f'there is no file {path}') from None
    except DAMAGE as error:
        skipped.add(BROKEN_RECORD, f'{path}: {reason_of(error)}')
    for image, found in texts.items():
        yield dict(img_id=image, file=image, texts=found)


def _parse(line: str, image_key: str, caption_key: str) -> tuple:
    """Path of the image and captions of a line."""
    record = json.loads(line)
    image = record.get(image_key) if isinstance(record, dict) else None
    texts = texts_under(record, caption_key)
    if not isinstance(image, str) or not image or texts is None:
        has = (f'its keys are {listed(sorted(record), 5)}'
               if isinstance(record, dict) else
               f'it is a {type(record).__name__}')
        key = caption_key if isinstance(image, str) and image else image_key
        raise ValueError(f'no text under {key!r}, {has}')
    return image, texts
