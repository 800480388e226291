"""Hands a command line over to a script of the installed mmdet."""
import argparse
import itertools
import os
import runpy
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, List
from urllib.error import URLError

sys.path.insert(0, str(Path(__file__).parents[1]))

from regionclip_mm.command_line import give_up, need_file, quiet

if TYPE_CHECKING:  # heavy: imported where it is needed
    from mmengine.config import Config


def hand_over(name: str, *files: str) -> None:
    """Run ``mmdet/NAME`` as the main program.

    Args:
        name: The script.
        files: What its positional arguments are. Those before the first
            option are looked for at once, before torch is imported.
    """
    given = list(itertools.takewhile(lambda word: not word.startswith('-'),
                                     sys.argv[1:]))
    for what, path in zip(files, given):
        need_file(what, path)
    quiet()
    script = Path(find_spec('mmdet').origin).parent / name
    try:
        runpy.run_path(str(script), run_name='__main__')
        leave_process_group()
    except FileNotFoundError as error:
        keys = keys_of(str(error), read_config(given[0])) if given else []
        if not keys:
            raise
        give_up(f'{error}\n{" and ".join(keys)} of {given[0]} '
                f'{"name" if len(keys) > 1 else "names"} this file. '
                'docs/datasets.md tells where the files of COCO and LVIS come '
                'from, docs/transfer.md where your own and the weights to '
                'start from; for a file in another place, --cfg-options '
                'KEY=PATH')
    except ValueError as error:
        if not is_of_weights(error):
            raise
        give_up(str(error))
    except URLError as error:
        give_up(f'{error}: weights that the config names could not be '
                'downloaded. docs/faq.md#how-do-i-work-without-a-network '
                'tells where to put them')


def is_of_weights(error: ValueError) -> bool:
    """Whether a message says all there is to say of a file of weights."""
    from regionclip_mm.io.errors import CheckpointError
    return isinstance(error, CheckpointError)


def leave_process_group() -> None:
    """What mmengine leaves out: all processes end together, or the launcher
    would stop the first one while it writes the last checkpoint."""
    import torch.distributed as dist
    if dist.is_available() and dist.is_initialized():
        dist.barrier()
        dist.destroy_process_group()


def read_config(path: str) -> 'Config':
    """The config, with the changes of the command line."""
    from mmengine.config import Config, DictAction
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument('--cfg-options', nargs='+', action=DictAction,
                        default={})
    config = Config.fromfile(path)
    config.merge_from_dict(parser.parse_known_args()[0].cfg_options)
    return config


def keys_of(message: str, config: 'Config') -> List[str]:
    """Keys of the config whose file a message is about."""
    found = []
    if config.get('load_from') and config.load_from in message:
        found.append('load_from')
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
