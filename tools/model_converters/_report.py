"""How a converter ends: its report, or one message instead of a traceback.

Imported first, so that the converters find the package in their clone.
"""
import functools
import sys
import warnings
from pathlib import Path
from pickle import UnpicklingError
from typing import Callable

sys.path.insert(0, str(Path(__file__).parents[2]))

import regionclip_mm.models  # noqa: F401  registers what configs name


def converter(main: Callable[[], None]) -> Callable[[], None]:
    """Make the errors of a conversion the last line that a user sees."""

    @functools.wraps(main)
    def run() -> None:
        warnings.filterwarnings('ignore', category=UserWarning, module='mm')
        try:
            main()
        except (ValueError, OSError, RuntimeError, UnpicklingError) as error:
            sys.exit(f'error: {error}')

    return run
