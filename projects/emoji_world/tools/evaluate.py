"""Print the table of the README: how well the nano detector knows its world.

    python projects/emoji_world/tools/evaluate.py [CHECKPOINT]

``--splits dev`` is for choosing
hyper-parameters; eval and eval_unseen are for nothing but evaluation.
"""
import argparse
import json
import os
import sys
import textwrap
import time
from pathlib import Path
from typing import Iterator

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

import torch
from mmengine.config import Config, DictAction
from mmengine.utils import import_modules_from_strings
from torch import nn

from projects.emoji_world.emoji_world import measures
from projects.emoji_world.emoji_world.weights import REGIONCLIP, need_clip_nano
from projects.emoji_world.tools.make_scenes import write_split, write_whole
from regionclip_mm.command_line import (config_errors, need_file,
                                        one_line_errors, quiet)

PROJECT = Path(__file__).resolve().parents[1]
SINGLES = dict(dev='single_dev', eval='single_eval',
               eval_unseen='single_eval_unseen')
NAMES = dict(coco='COCO names', all='all names')
ROLES = ('base', 'novel', 'other', 'all')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('checkpoint', nargs='?', default=str(REGIONCLIP))
    parser.add_argument('--splits', nargs='+', default=['eval', 'eval_unseen'],
                        choices=sorted(SINGLES))
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--config', default='regionclip_nano',
                        help='whose RPN rows to print, e.g. transfer_nano; '
                        'default: %(default)s')
    parser.add_argument('--only-rpn', action='store_true',
                        help='only the rows with proposals')
    parser.add_argument('--no-rpn', action='store_true',
                        help='only what needs no proposals')
    parser.add_argument('--json', type=Path, metavar='FILE',
                        help='write the figures there, too')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction,
                        default={}, help='changes of the configs')
    return parser.parse_args()


def path_of(name: str) -> str:
    """The config of this name."""
    return os.path.relpath(PROJECT / 'configs' / f'{name}.py')


def load(name: str, split: str, args: argparse.Namespace) -> tuple:
    """Config of this name and its detector; the scenes of the split are
    written where the config looks for them, if they are not there."""
    with config_errors(path_of(name)):
        config = Config.fromfile(path_of(name))
        config.merge_from_dict(args.cfg_options)
        import_modules_from_strings(**config.custom_imports)
        detector = detector_of(config, name, args.checkpoint)
        data = Path(config.test_dataloader.dataset.data_root)
    write_split(split, data)
    return config, detector


def detector_of(config: Config, name: str, checkpoint: str) -> nn.Module:
    """The detector of a config.

    Raises:
        ValueError: If the weights do not fit it.
    """
    try:
        return measures.load_detector(config, checkpoint)
    except RuntimeError as error:  # of torch; names every key
        raise ValueError(
            f'the weights {checkpoint} do not fit {path_of(name)}: '
            + textwrap.shorten(str(error), 300)) from None


def row(what: str, values: dict) -> str:
    """One line of the table, in per cent."""
    cells = [f'{100 * values[k]:6.1f}' if k in values else '     -'
             for k in ROLES]
    return ' '.join([f'{what:44s}', *cells])


def figures(split: str, args: argparse.Namespace) -> Iterator[tuple]:
    """Name and values of each row, one by one."""
    if not args.only_rpn:
        yield from figures_annotated(split, args)
    if args.no_rpn:
        return
    config, detector = load(args.config, split, args)
    for vocabulary, title in NAMES.items():
        yield f'RPN boxes, AP50, {title}', measures.average_precision(
            detector, config, split, vocabulary)


def figures_annotated(split: str, args: argparse.Namespace
                      ) -> Iterator[tuple]:
    """The rows that need no proposals."""
    config, detector = load('regionclip_nano_gt', split, args)
    yield ('single-object images, top-1, all names',
           dict(all=measures.single_top1(detector, SINGLES[split])))
    for vocabulary, title in NAMES.items():
        yield (f'annotated boxes, top-1, {title}',
               measures.box_top1(detector, config, split, vocabulary))
    for vocabulary, title in NAMES.items():
        yield (f'annotated boxes, AP50, {title}', measures.average_precision(
            detector, config, split, vocabulary))


def main() -> None:
    args = parse_args()
    need_clip_nano(args.checkpoint)
    need_file('checkpoint', args.checkpoint)
    need_file('config file', path_of(args.config))
    quiet()
    torch.set_num_threads(args.threads)
    start, found = time.time(), {}
    for split in args.splits:
        print(f'\n{split:44s}', *(f'{k:>6s}' for k in ROLES))
        for what, values in figures(split, args):
            print(row(what, values), flush=True)
            found.setdefault(split, {})[what] = {
                role: float(value) for role, value in values.items()}
    if args.json:
        write_whole(args.json, json.dumps(found, indent=1).encode())
    print(f'\n{time.time() - start:.0f} s, {args.threads} threads')


if __name__ == '__main__':
    with one_line_errors():
        main()
