"""What the command-line tools do before they import anything heavy."""
import argparse
import logging
import os
import re
import sys
import warnings
from contextlib import contextmanager
from typing import Any, Iterator, Optional

# Of mmengine, mmdet and setuptools: nothing that a user could act on.
HARMLESS = (
    'pkg_resources is deprecated as an API',
    'palette does not exist, random is used by default',
    '"FileClient" will be deprecated in future',
    '"HardDiskBackend" is the alias of "LocalBackend"',
)
# The end of mmengine's line for each frozen weight, hundreds in all.
FROZEN = 'is skipped since its requires_grad=False'


def positive(text: str) -> int:
    """Type of an option: a number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'{text} is not a positive integer')
    return int(text)


def quiet() -> None:
    """Do not show the warnings of other packages that mean nothing here.

    For programs, not for imports: it holds for the whole process. Warnings
    with these beginnings are ignored; log records with them get the level
    DEBUG. All others appear as ever.
    """
    for message in HARMLESS:
        warnings.filterwarnings('ignore', re.escape(message))
    make = logging.getLogRecordFactory()
    if getattr(make, 'is_quiet', False):
        return

    def record(*args: Any, **kwargs: Any) -> logging.LogRecord:
        made = make(*args, **kwargs)
        text = str(made.msg)
        if text.startswith(HARMLESS) or text.endswith(FROZEN):
            made.levelno, made.levelname = logging.DEBUG, 'DEBUG'
        return made

    record.is_quiet = True
    logging.setLogRecordFactory(record)


def need_file(what: str, path: Optional[str], folder: bool = False) -> None:
    """End the program with one line if a file of its arguments is missing.

    Args:
        what: What it is to the user, for example 'config file'.
        path: The argument; None and addresses (``clip://RN50``) pass.
        folder: Whether a folder will do, too.
    """
    if path is None or '://' in path:
        return
    expanded = os.path.expanduser(path)
    if os.path.isfile(expanded) or folder and os.path.isdir(expanded):
        return
    if os.path.isdir(expanded):
        give_up(f'{path} is a folder, not a {what}')
    give_up(f'there is no {what} {path}')


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Tell the errors that a user can mend in one line, without traceback.

    Ctrl-C ends the program with the exit code that shells expect.
    """
    try:
        yield
    except (ValueError, OSError, RuntimeError) as error:
        give_up(without_traceback(str(error)))
    except KeyboardInterrupt:
        print('interrupted', file=sys.stderr)
        sys.exit(130)


def without_traceback(message: str) -> str:
    """What an error in a worker of torch's data loader says.

    Its message there is that of the traceback in the worker, whole, in which
    the lines of code are indented.
    """
    if not re.match(r'Caught \w+ in DataLoader worker process', message):
        return message
    lines = message.rstrip().splitlines()
    last = max(number for number, line in enumerate(lines)
               if line.startswith(' ') or not number)
    return '\n'.join(lines[last + 1:]).partition(': ')[2] or message


@contextmanager
def config_errors(config: str) -> Iterator[None]:
    """Tell in one line what is wrong in a config that is read and built.

    A mistake in a config may end in any of these errors, whose messages do
    not say where it is.

    Args:
        config: The config file, for the message.
    """
    try:
        yield
    except (KeyError, TypeError, AttributeError, ImportError, SyntaxError,
            NameError, IndexError, AssertionError) as error:
        words = ' '.join(str(part) for part in error.args[:1])
        give_up(f'the config {config} cannot be used, '
                f'{type(error).__name__}: {" ".join(words.split())}')


def give_up(message: Any) -> None:
    """End the program with one line on stderr, exit code 1."""
    sys.exit(f'error: {message}')
