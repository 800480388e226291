"""MMEngine's checkpoints as plain data, whatever torch does by default.

From torch 2.6 on ``torch.load`` opens nothing else, once it knows the plain
types. Older ones run what a file asks for: there MMEngine's loaders of files
and addresses are replaced, through the registry that it has for them.
"""
import hashlib
import os
from typing import Any
from urllib.parse import urlparse

import torch
from mmengine.runner import CheckpointLoader

from .cache_folder import cache_folder
from .download import fetch
from .errors import CheckpointError
from .files import READS_PLAIN_TYPES, load_plain_file
from .plain_types import plain_types


def open_checkpoints_as_plain_data() -> None:
    """Let MMEngine read all that it writes, and nothing that runs code."""
    if READS_PLAIN_TYPES:
        torch.serialization.add_safe_globals(plain_types())
        return
    CheckpointLoader.register_scheme('', load_local, force=True)
    CheckpointLoader.register_scheme(
        ('http://', 'https://'), load_address, force=True)


def load_local(filename: str, map_location: Any = None) -> Any:
    """The checkpoint in a file.

    Raises:
        FileNotFoundError: If there is none.
        ValueError: If it is damaged or holds more than plain data.
    """
    path = os.path.expanduser(filename)
    if not os.path.isfile(path):
        raise FileNotFoundError(f'{path} can not be found.')  # as MMEngine
    return load_plain_file(path, map_location)


def load_address(filename: str, map_location: Any = None,
                 **options: Any) -> Any:
    """The checkpoint at an address, downloaded once."""
    return load_plain_file(download_weights(filename), map_location)


def download_weights(url: str) -> str:
    """Path of a downloaded file; other addresses have other paths.

    Raises:
        CheckpointError: If it cannot be downloaded.
    """
    address = hashlib.sha256(url.encode()).hexdigest()[:16]
    try:
        name = os.path.basename(urlparse(url).path)
    except ValueError as error:
        raise CheckpointError(f'{url} could not be downloaded ({error}). '
                              'Check the address.') from None
    return str(fetch(url, cache_folder() / 'weights' / f'{address}-{name}'))
