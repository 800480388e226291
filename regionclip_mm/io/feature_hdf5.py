"""Columns of region features as HDF5."""
from pathlib import Path
from typing import Sequence

import numpy as np

from .feature_columns import KINDS, Columns


def write_hdf5(path: Path, columns: Columns) -> None:
    """Write a file, the same bytes for the same columns."""
    import h5py
    with h5py.File(path, 'w', libver=('v110', 'v110')) as file:
        for name, column in columns.items():
            if KINDS[name][0] == 'U':
                file.create_dataset(name, data=column.astype(object),
                                    dtype=h5py.string_dtype())
            else:
                file.create_dataset(name, data=column)


def read_hdf5(path: Path, names: Sequence[str]) -> Columns:
    """Some of the columns.

    Raises:
        Exception: Of any type, if the file is damaged.
    """
    import h5py
    with h5py.File(path, 'r') as file:
        return {name: (np.asarray(file[name].asstr()[:], 'U')
                       if KINDS[name][0] == 'U' else file[name][:])
                for name in names}
