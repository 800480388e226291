"""OpenAI's CLIP ResNets as they were published."""
import difflib
import os
from pathlib import Path

from .cache_folder import cache_folder
from .download import fetch
from .errors import CheckpointError

SCHEME = 'clip://'
URL_VARIABLE = 'REGIONCLIP_MM_CLIP_URL'
OPENAI = 'https://openaipublic.azureedge.net/clip/models'
SHA256 = {
    'RN50':
    'afeb0e10f9e5a86da6080e35cf09123aca3b358a0c3e3b6c78a7b63bc04b6762',
    'RN101':
    '8fa8567bab74a42d41c5915025a8e4538c3bdbe8804a470a72f30b0d94fab599',
    'RN50x4':
    '7e526bd135e493cef0776de27d5f42653e6b4c8bf9e0f653bb11773263205fdd',
    'RN50x16':
    '52378b407f34354e150460fe41077663dd5b39c54cd0bfd2b27167a4a06ec9aa',
    'RN50x64':
    'be1cfb55d75a9666199fb2206c106743da0f6468c9d327f3e0d0a543a9919d9c',
}


def cache_dir() -> Path:
    """Folder of the downloaded weights; REGIONCLIP_MM_CACHE moves it."""
    return cache_folder() / 'clip'


def resolve(name: str) -> str:
    """The name of a CLIP ResNet, spelt as OpenAI does.

    Raises:
        CheckpointError: With the nearest names.
    """
    names = {key.lower(): key for key in SHA256}
    if name.lower() in names:
        return names[name.lower()]
    near = difflib.get_close_matches(name.lower(), names, 2, 0.4)
    meant = ' or '.join(f'{SCHEME}{names[key]}' for key in near)
    raise CheckpointError(
        f'There are no weights {SCHEME}{name}'
        + (f'; did you mean {meant}?' if meant else '.')
        + f' Valid names: {", ".join(SCHEME + key for key in SHA256)}.')


def download(name: str) -> Path:
    """OpenAI's file of a CLIP ResNet, downloaded unless it is there.

    Of several processes one downloads while the others wait.

    Args:
        name: For example 'RN50'.
    """
    name = resolve(name)
    sha256, path = SHA256[name], cache_dir() / f'{name}.pt'
    mirror = os.environ.get(URL_VARIABLE)
    url = f'{(mirror or OPENAI).rstrip("/")}/{sha256}/{name}.pt'
    try:
        return fetch(url, path, sha256)
    except CheckpointError as error:
        if not mirror:
            raise
        raise CheckpointError(f'The mirror {URL_VARIABLE}={mirror!r} does not '
                              f'help: {error}') from None
