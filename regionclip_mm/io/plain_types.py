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


def plain_types() -> List[Any]:
    """The types, or pairs of one and the name that files have for it, as
    ``torch.serialization.add_safe_globals`` takes them."""
    array, scalar = (x.__reduce__()[0] for x in (np.zeros(1), np.float64()))
    named = [(func, f'{module}.{func.__name__}')
             for module in NUMPY_MODULES for func in (array, scalar)]
    dtypes = {type(np.dtype(kind)) for kind in '?bBhHiIlLqQefd'}
    return [HistoryBuffer, (_statistic, 'builtins.getattr'), np.ndarray,
            np.dtype, *named, *dtypes]


def _statistic(owner: type, name: str) -> Any:
    """`getattr`, for the statistics of a log history and nothing else."""
    if owner is not HistoryBuffer or name not in HistoryBuffer(
    )._statistics_methods:
        raise ValueError(f'the file asks for {name} of {owner}')
    return getattr(owner, name)
