"""Released class embeddings, bare tensors, and their names -> Vocabulary."""
import re
from pathlib import Path
from typing import List, Sequence, Union

from torch import Tensor

from ..io.errors import CheckpointError
from ..io.files import read_text
from ..io.json_files import check_categories, read_json
from ..io.safe_load import load_object
from ..text import Vocabulary

COUNT = re.compile(r'\t\d+$')  # in the list of a concept pool
COMMON, FREQUENT, RARE = 'c', 'f', 'r'  # frequencies of LVIS categories


def convert_embeddings(path: Union[str, Path], names: Sequence[str],
                       source: str = 'the names') -> Vocabulary:
    """Give a bare tensor of class embeddings its names.

    Args:
        path: File of a tensor (K, D), un-normalised text embeddings.
        names: The K class names in the order of the rows.
        source: Where the names come from, for messages.
    """
    embeddings = load_object(path)
    if not isinstance(embeddings, Tensor) or embeddings.ndim != 2:
        found = (f'a tensor of shape {tuple(embeddings.shape)}' if isinstance(
            embeddings, Tensor) else f'a {type(embeddings).__name__}')
        raise CheckpointError(
            f'{path} holds {found}; class embeddings are one bare tensor of '
            'shape (classes, D).')
    if len(embeddings) != len(names):
        raise CheckpointError(
            f'{path} has {len(embeddings)} rows, but {source} has '
            f'{len(names)} names ({", ".join(list(names)[:3])}, ...): take '
            'the list that the embeddings were made from.')
    try:
        return Vocabulary(tuple(names), embeddings.float(),
                          dict(source=Path(path).name))
    except (ValueError, TypeError) as error:
        raise CheckpointError(f'{path}: {error}') from None


def names_from_text(path: Union[str, Path]) -> List[str]:
    """Names of a text file in UTF-8, one a line, without blank lines.

    A tab and a number after a name are how often a concept pool counted it.
    """
    text = _read(path)
    if text.lstrip()[:1] in ('{', '[') and Path(path).suffix == '.json':
        raise CheckpointError(f'{path} is a json file, not a text file with '
                              'one name a line: give it with --json.')
    lines = text.splitlines()
    return [COUNT.sub('', line.strip()) for line in lines if line.strip()]


def names_from_json(path: Union[str, Path],
                    frequencies: str = COMMON + FREQUENT + RARE) -> List[str]:
    """Names of the categories of a COCO or LVIS json in the order of ids.

    Args:
        path: The annotations, or any json with ``categories``.
        frequencies: LVIS only: 'cf' is the 866 base classes, 'r' the rare
            ones.
    """
    unknown = set(frequencies) - set(COMMON + FREQUENT + RARE)
    if unknown or not frequencies:
        raise CheckpointError(f'frequencies={frequencies!r}: give one or more '
                              "of the letters r, c, f, such as 'cf'")
    try:
        data = read_json(path)
        categories = data.get('categories') if isinstance(data, dict) else None
        check_categories(categories, str(path))
    except (OSError, ValueError) as error:
        raise CheckpointError(
            f'{error}. Names are read from categories with id and name'
        ) from None
    rows = sorted(categories, key=lambda category: category['id'])
    return [row['name'] for row in rows
            if row.get('frequency', COMMON) in tuple(frequencies)]


def _read(path: Union[str, Path]) -> str:
    try:
        return read_text(path)
    except OSError as error:
        raise CheckpointError(f'{path} cannot be read: {error}') from None
    except ValueError as error:
        raise CheckpointError(str(error)) from None
