"""How a converter ends: its report, or one message instead of a traceback."""
import functools
import sys
import warnings
from typing import Callable

import regionclip_mm.models  # noqa: F401  registers what the configs name
from regionclip_mm.checkpoint import CheckpointError


def converter(main: Callable[[], None]) -> Callable[[], None]:
    """Make the errors of a conversion the last line that a user sees."""

    @functools.wraps(main)
    def run() -> None:
        warnings.filterwarnings('ignore', category=UserWarning, module='mm')
        try:
            main()
        except CheckpointError as error:
            sys.exit(f'error: {error}')

    return run
