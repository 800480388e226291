"""Columns of region features as NumPy's zip of arrays."""
from pathlib import Path
from typing import Sequence

import numpy as np

from .feature_columns import Columns


def write_npz(path: Path, columns: Columns) -> None:
    """Write a file, the same bytes for the same columns."""
    with open(path, 'wb') as file:  # else NumPy adds an ending to the name
        np.savez(file, **columns)


def read_npz(path: Path, names: Sequence[str]) -> Columns:
    """Some of the columns.

    Raises:
        Exception: Of any type, if the file is damaged.
    """
    with np.load(path, allow_pickle=False) as found:
        return {name: found[name] for name in names}
