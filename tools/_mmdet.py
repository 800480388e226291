"""Hands a command line over to a script of the installed mmdet.

The script's own ``parse_args`` is run first, alone: help and wrong arguments
need no torch.
"""
import argparse
import ast
import os
import runpy
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import List

sys.path.insert(0, str(Path(__file__).parents[1]))

from regionclip_mm.command_line import give_up, need_file, quiet


class Words(argparse.Action):
    """Stands in for mmengine's DictAction, whose import takes seconds."""

    def __call__(self, parser: argparse.ArgumentParser,
                 namespace: argparse.Namespace, values: list,
                 option_string: str = '') -> None:
        wrong = [value for value in values if '=' not in value]
        if wrong:
            parser.error(f'{option_string} takes key=value, got {wrong[0]!r}')
        setattr(namespace, self.dest, values)


def parse(script: Path) -> argparse.Namespace:
    """The command line as the script will read it."""
    tree = ast.parse(script.read_text(encoding='utf-8'))
    tree.body = [node for node in tree.body
                 if getattr(node, 'name', '') == 'parse_args']
    scope = dict(argparse=argparse, os=os, DictAction=Words)
    exec(compile(tree, str(script), 'exec'), scope)
    return scope['parse_args']()


def hand_over(name: str) -> None:
    """Check the command line, then run ``mmdet/NAME`` as the main program."""
    script = Path(find_spec('mmdet').origin).parent / name
    args = parse(script)
    need_file('config file', args.config)
    need_file('checkpoint', getattr(args, 'checkpoint', None))
    quiet()
    try:
        runpy.run_path(str(script), run_name='__main__')
    except FileNotFoundError as error:
        keys = keys_of(str(error), args)
        if not keys:
            raise
        give_up(f'{error}\n{" and ".join(keys)} of {args.config} '
                f'{"name" if len(keys) > 1 else "names"} this file. '
                'docs/datasets.md says where to get the files of COCO and '
                'LVIS; for a file in another place, --cfg-options KEY=PATH')


def keys_of(message: str, args: argparse.Namespace) -> List[str]:
    """Keys of the config whose annotation file a message is about."""
    from mmengine.config import Config
    config, found = Config.fromfile(args.config), []
    config.merge_from_dict(dict(
        option.split('=', 1) for option in args.cfg_options or ()
        if option.split('=')[0].endswith(('ann_file', 'data_root'))))
    for part in ('train', 'val', 'test'):
        dataset = (config.get(f'{part}_dataloader') or {}).get('dataset') or {}
        evaluator = config.get(f'{part}_evaluator') or {}
        path = os.path.join(dataset.get('data_root') or '',
                            dataset.get('ann_file') or '')
        if dataset.get('ann_file') and path in message:
            found.append(f'{part}_dataloader.dataset.ann_file')
        if isinstance(evaluator, dict) and (
                evaluator.get('ann_file') or '\n') in message:
            found.append(f'{part}_evaluator.ann_file')
    return found
