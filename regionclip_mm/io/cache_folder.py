"""Where this package keeps what it downloads and computes."""
import os
from pathlib import Path

CACHE_VARIABLE = 'REGIONCLIP_MM_CACHE'
DEFAULT_DIR = '~/.cache/regionclip_mm'


def cache_folder() -> Path:
    """``$REGIONCLIP_MM_CACHE``, or a folder in the user's home."""
    root = os.environ.get(CACHE_VARIABLE) or DEFAULT_DIR
    return Path(root).expanduser()
