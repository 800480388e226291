"""Columns of region features as Parquet, for pandas, DuckDB or Spark."""
from pathlib import Path
from typing import Sequence

import numpy as np

from .feature_columns import KINDS, Columns


def write_parquet(path: Path, columns: Columns) -> None:
    """Write a file, the same bytes for the same columns.

    Boxes and features are lists of one length each.
    """
    import pyarrow
    from pyarrow import parquet
    arrays = {}
    for name, column in columns.items():
        if column.ndim == 2:
            arrays[name] = pyarrow.FixedSizeListArray.from_arrays(
                pyarrow.array(column.reshape(-1)), column.shape[1])
        else:
            kind = pyarrow.string() if KINDS[name][0] == 'U' else None
            arrays[name] = pyarrow.array(column, kind)
    # numbers of embeddings hardly repeat: to look for it takes time alone
    parquet.write_table(pyarrow.table(arrays), path, compression='zstd',
                        use_dictionary=['image', 'class'])


def read_parquet(path: Path, names: Sequence[str]) -> Columns:
    """Some of the columns.

    Raises:
        Exception: Of any type, if the file is damaged.
    """
    from pyarrow import parquet
    table = parquet.read_table(path, columns=list(names))
    found = {}
    for name in names:
        column = table.column(name).combine_chunks()
        kind, cell = KINDS[name]
        if cell:
            found[name] = column.flatten().to_numpy().reshape(
                len(column), column.type.list_size)
        else:
            found[name] = np.asarray(column.to_pylist(), kind)
    return found
