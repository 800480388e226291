"""The kinds of file that region features can be kept in."""
import importlib.util
from pathlib import Path
from typing import Callable, Dict, NamedTuple, Optional, Sequence

from .feature_columns import Columns
from .feature_hdf5 import read_hdf5, write_hdf5
from .feature_npz import read_npz, write_npz
from .feature_parquet import read_parquet, write_parquet


class FeatureFormat(NamedTuple):
    """How columns become a file.

    Attributes:
        ending: Of the file.
        write: Takes path and columns.
        read: Takes path and names of columns.
        needs: The package that is needed, if it is an optional one.
    """
    ending: str
    write: Callable[[Path, Columns], None]
    read: Callable[[Path, Sequence[str]], Columns]
    needs: Optional[str] = None


FORMATS: Dict[str, FeatureFormat] = {
    'parquet': FeatureFormat('.parquet', write_parquet, read_parquet,
                             'pyarrow'),
    'npz': FeatureFormat('.npz', write_npz, read_npz),
    'hdf5': FeatureFormat('.h5', write_hdf5, read_hdf5, 'h5py'),
}


def get_format(name: str) -> FeatureFormat:
    """A format by its name.

    Raises:
        ValueError: If there is none of the name, or its package is missing.
    """
    if name not in FORMATS:
        raise ValueError(f'format {name!r}: choose one of '
                         f'{", ".join(FORMATS)}')
    need_extra(FORMATS[name].needs, f'the format {name}')
    return FORMATS[name]


def need_extra(package: Optional[str], what: str) -> None:
    """Raise unless an optional package is there.

    Args:
        package: Name under which it is imported; None passes.
        what: Needs it, for the message.

    Raises:
        ValueError: Saying how to install it.
    """
    if package and importlib.util.find_spec(package) is None:
        raise ValueError(f'{what} needs {package}: '
                         "pip install 'regionclip_mm[features]'")
