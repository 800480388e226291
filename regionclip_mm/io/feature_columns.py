"""What a file of region features holds: one row for each region."""
from typing import Any, Dict, Sequence

import numpy as np

Columns = Dict[str, np.ndarray]

#: Name of a column -> its type, and the shape of a cell; D is the file's.
KINDS = dict(image=('U', ()), box=('<f4', (4, )), objectness=('<f4', ()),
             probability=('<f4', ()), feature=('<f4', ('D', )))
KINDS['class'] = 'U', ()


def make_columns(dim: int, **values: Sequence) -> Columns:
    """Columns of one type each, of equal length.

    Args:
        dim: Size D of a feature.
        values: ``image`` (N,), paths; ``box`` (N, 4), (x1, y1, x2, y2) in
            original pixels; ``objectness`` (N,); ``class`` (N,), a name, ''
            without a vocabulary; ``probability`` (N,) of it, then NaN;
            ``feature`` (N, D), not normalised. N may be 0.

    Raises:
        ValueError: If one is missing, or of another length.
    """
    if set(values) != set(KINDS):
        raise ValueError(f'columns of region features are {sorted(KINDS)}, '
                         f'not {sorted(values)}')
    count, made = len(values['image']), {}
    for name, (kind, cell) in KINDS.items():
        shape = (count, *(dim if side == 'D' else side for side in cell))
        column = np.asarray(values[name], kind)
        if column.shape != shape and (count or column.size):
            raise ValueError(f'the column {name} is {column.shape}, to be '
                             f'{shape}')
        made[name] = column.reshape(shape)
    return made


def joined_columns(parts: Sequence[Columns], dim: int,
                   names: Sequence[str] = (*KINDS, )) -> Columns:
    """Rows of several, one after the other.

    Args:
        parts: With these columns, as of :func:`make_columns`; may be none.
        dim: Size D of a feature.
        names: Of the columns.
    """
    empty: Dict[str, Any] = dict.fromkeys(KINDS, ())
    parts = [make_columns(dim, **empty), *parts]
    return {name: np.concatenate([part[name] for part in parts])
            for name in names}
