"""How a converter begins and ends: its arguments, its report or one error.

Imported first, so that the converters find the package in their clone.
"""
import argparse
import functools
import sys
import warnings
from pathlib import Path
from typing import Callable, List, Optional

sys.path.insert(0, str(Path(__file__).parents[2]))

from regionclip_mm.command_line import config_errors, one_line_errors, quiet

quiet()
print('Loading torch and mmdet ...', file=sys.stderr, flush=True)

import regionclip_mm.models  # noqa: F401  registers what configs name
from regionclip_mm.checkpoint import convert_detector, model_layout, open_files
from regionclip_mm.checkpoint.layouts import read_config
from regionclip_mm.checkpoint.save import save_checkpoint


def converter(main: Callable[[], None]) -> Callable[[], None]:
    """Make the errors of a conversion the last line that a user sees."""

    @functools.wraps(main)
    def run() -> None:
        warnings.filterwarnings('ignore', category=UserWarning, module='mm')
        with one_line_errors():
            main()

    return run


def new_parser(description: str) -> argparse.ArgumentParser:
    """A command line whose help is the docstring of the tool, as it is."""
    return argparse.ArgumentParser(
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter)


def add_fp16(parser: argparse.ArgumentParser) -> None:
    """The option of all that write a checkpoint."""
    parser.add_argument('--fp16', action='store_true',
                        help='store matrices in float16')


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of all that write a checkpoint of a detector."""
    parser.add_argument('--for-training', action='store_true',
                        help='write what a training starts from: new heads '
                        '(box deltas, masks) may be missing')
    add_fp16(parser)


def write_detector(args: argparse.Namespace, main: str, rpn: Optional[str],
                   clip: Optional[str], sources: List[str]) -> None:
    """Convert for the config of the command line, report and save.

    Args:
        args: With config, out, for_training and fp16.
        main, rpn, clip: Files, or ``clip://RN50``.
        sources: What the checkpoint says that it was made from.
    """
    with config_errors(args.config):
        model = read_config(args.config).model
        layout = model_layout(model)
    files = open_files(model, main, rpn, clip)
    state, reports = convert_detector(layout, *files, args.for_training)
    print(*reports, sep='\n')
    save_checkpoint(state, args.out, dict(source=sources), args.fp16)
    print(f'wrote {args.out}: {len(state)} tensors for {args.config}')
