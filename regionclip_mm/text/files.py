"""Files that are read without running code and written in one step."""
import os
import pickle
import re
import uuid
from pathlib import Path
from typing import Any, Union

import torch

PathLike = Union[str, os.PathLike]


def load_plain_file(path: PathLike) -> Any:
    """What ``torch.save`` wrote at ``path``, without running any code in it.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged or holds more than plain data.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f'There is no file {path}.')
    try:
        return torch.load(path, map_location='cpu', weights_only=True)
    except pickle.UnpicklingError as error:
        wanted = re.search(r'GLOBAL (\S+)', str(error))
        reason = f'it asks for {wanted[1]}' if wanted else 'it is unreadable'
        raise ValueError(
            f'{path} was not opened, because it is not a plain file of '
            f'tensors: it is damaged or tries to run code ({reason}).'
        ) from None
    except Exception as error:  # damaged files raise almost anything
        reason = f'{type(error).__name__} {error}'.splitlines()[0]
        raise ValueError(f'{path} is truncated or is not a PyTorch file '
                         f'({reason}).') from None


def save_plain_file(data: Any, path: PathLike) -> None:
    """``torch.save`` that leaves the old file or the new one, never a part.

    Safe with several processes writing the same path; the last one stays.
    """
    path = Path(path).resolve()  # write through a link, not over it
    if path.exists() and not path.is_file():
        raise ValueError(f'{path} is not an ordinary file: name another one.')
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f'{path.name}.{uuid.uuid4().hex}.tmp')
    try:
        torch.save(data, partial)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
