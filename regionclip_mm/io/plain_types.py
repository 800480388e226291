"""Types without behaviour that training frameworks store beside weights.

torch.load refuses everything but tensors and plain containers. detectron2
adds NumPy arrays; MMEngine adds the history of its logs, so that from torch
2.6 on it cannot open its own checkpoints. The list is kept as short as that:
the protection stays on.
"""
from typing import Any, List

import numpy as np
from mmengine.logging import HistoryBuffer

# Where NumPy 1 and 2 keep the functions that rebuild what they pickled.
NUMPY_MODULES = ('numpy.core.multiarray', 'numpy._core.multiarray')
NUMBERS = tuple(vars(HistoryBuffer()))  # what a history holds


class PlainHistory(HistoryBuffer):
    """Stands for a log history in a file, and becomes an ordinary one.

    MMEngine's own would take functions from the file, for all histories.
    """

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update({key: state[key] for key in NUMBERS})
        self.__class__ = HistoryBuffer


def plain_types() -> List[Any]:
    """The types, or pairs of one and the name that files have for it, as
    ``torch.serialization.add_safe_globals`` takes them."""
    array, scalar = (x.__reduce__()[0] for x in (np.zeros(1), np.float64()))
    named = [(func, f'{module}.{func.__name__}')
             for module in NUMPY_MODULES for func in (array, scalar)]
    dtypes = {type(np.dtype(kind)) for kind in '?bBhHiIlLqQefd'}
    history = f'{HistoryBuffer.__module__}.{HistoryBuffer.__name__}'
    return [(PlainHistory, history), (_statistic, 'builtins.getattr'),
            np.ndarray, np.dtype, *named, *dtypes]


def _statistic(owner: type, name: str) -> str:
    """`getattr`, for the statistics of a log history and nothing else, of
    which not even these are given away: :class:`PlainHistory` needs none."""
    if (owner is not PlainHistory
            or name not in HistoryBuffer()._statistics_methods):
        raise ValueError(f'the file asks for {name} of {owner}')
    return name
