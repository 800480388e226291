"""Json files of annotations, read and checked item by item."""
import json
from math import isfinite
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Mapping, Optional, Tuple

from .files import PathLike, require_file
from .undecodable import IN_UTF16, is_utf16
from .wording import is_text, listed, repeated

Check = Tuple[Callable[[Any], bool], str]  # whether it is right, in words


def read_json(path: PathLike,
              errors: str = 'strict',
              hook: Optional[Callable[[dict], Any]] = None) -> Any:
    """What a json file holds, with or without a byte order mark.

    Args:
        path: The file.
        errors: What becomes of bytes that are not UTF-8, as for ``open``.
        hook: Gives what stands for each object, innermost first.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no json file, or too deeply nested.
    """
    require_file(path)
    data = Path(path).read_bytes()
    if is_utf16(data):
        raise ValueError(f'{path}: {IN_UTF16}')
    try:
        return json.loads(data.decode('utf-8-sig', errors), object_hook=hook)
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f'{path} is empty' if not data else
            f'{path} is not a json file, or a cut-off one: {error}') from None


def check_items(data: Any, part: str, needs: Mapping[str, Check],
                source: str) -> None:
    """Raise unless a part of an annotation file is a list of whole items.

    Args:
        data: Content of the file.
        part: Key of the list, for example 'images'.
        needs: Key of an item -> what it must be.
        source: The file, for error messages.

    Raises:
        ValueError: Naming the first wrong items and what they lack.
    """
    items = data.get(part) if isinstance(data, dict) else None
    if not isinstance(items, list):
        found = '' if items is None else f', but a {type(items).__name__}'
        raise ValueError(f'{source} has no list of {part}{found}')
    for key, (is_right, words) in needs.items():
        wrong = [row for row, item in enumerate(items)
                 if not isinstance(item, dict) or not is_right(item.get(key))]
        if wrong:
            shown = listed([items[row] for row in wrong[:3]])
            raise ValueError(
                f'{source}: {len(wrong)} of {len(items)} {part} have no '
                f'{key!r} that is {words}; the first is {part}[{wrong[0]}]: '
                f'{shown}. Correct the file')
    if 'id' in needs:
        refuse_repeated([item['id'] for item in items], 'ids',
                        f'{source}, {part}')


def check_categories(categories: Any, source: str) -> None:
    """Raise unless these are categories, each with its own id and name.

    Args:
        categories: The ``categories`` of a COCO or LVIS json.
        source: The file, for error messages.
    """
    check_items(dict(categories=categories), 'categories', CATEGORY, source)
    refuse_repeated([category['name'] for category in categories], 'names',
                    f'{source}, categories')


def refuse_repeated(values: Iterable, what: str, where: str) -> None:
    """Raise if something is there twice.

    Args:
        values: Texts or numbers.
        what: They are, for example 'names'.
        where: They stand, for example 'a.json, images'.

    Raises:
        ValueError: Naming them.
    """
    twice = repeated(values)
    if twice:
        raise ValueError(f'{where}: {what} appear twice: {listed(twice)}')


def _is_id(value: Any) -> bool:
    return isinstance(value, (int, str)) and not isinstance(value, bool)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and is_text(value)


def _is_list_of_ids(value: Any) -> bool:
    return value is None or (isinstance(value, list)
                             and all(map(_is_integer, value)))


def _is_finite(value: Any) -> bool:
    try:
        return isfinite(value)
    except (TypeError, OverflowError):
        return False


def _is_size(value: Any) -> bool:
    return _is_finite(value) and value > 0


def _is_box(value: Any) -> bool:
    try:
        x, y, width, height = value
        return isfinite(x + y + width + height)
    except (TypeError, ValueError, OverflowError):
        return False


ID: Check = _is_id, 'an integer or a text'
CATEGORY: Dict[str, Check] = {
    'id': (_is_integer, 'an integer'),
    'name': (_is_name, 'a text that is not blank'),
}
IMAGE: Dict[str, Check] = {'id': ID}
OF_LVIS: Dict[str, Check] = {  # images may lack these
    key: (_is_list_of_ids, 'a list of integers')
    for key in ('neg_category_ids', 'not_exhaustive_category_ids')
}
IMAGE_TO_LOAD: Dict[str, Check] = {
    'file_name': (is_text, 'a text'),
    'width': (_is_size, 'a positive number'),
    'height': (_is_size, 'a positive number'),
}
ANNOTATION: Dict[str, Check] = {
    'id': ID,
    'image_id': ID,
    'category_id': (_is_integer, 'an integer'),
    'bbox': (_is_box, 'four finite numbers (x, y, width, height)'),
    'area': (_is_finite, 'a finite number'),
}
