"""Train a config of this project with MMEngine's Runner, on a CPU.

    python projects/emoji_world/tools/train.py CONFIG [--resume]
"""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

import torch
from mmengine.config import Config, DictAction
from mmengine.runner import Runner, find_latest_checkpoint

from projects.emoji_world.emoji_world.weights import need_clip_nano
from regionclip_mm.command_line import (config_errors, give_up, need_file,
                                        one_line_errors, quiet)

DATA = 'data/emoji_world'
MAKE_SCENES = 'projects/emoji_world/tools/make_scenes.py'


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config')
    parser.add_argument('--work-dir', help='default: work_dirs/<config name>')
    parser.add_argument('--resume', action='store_true',
                        help='go on from the last checkpoint')
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--cfg-options', nargs='+', action=DictAction)
    return parser.parse_args()


def need_scenes(dataset: Config) -> None:
    """Raise if the annotations of a dataset of this world are not there.

    Raises:
        FileNotFoundError: With the command that writes them.
    """
    path = Path(dataset.get('data_root') or '', dataset.get('ann_file') or '')
    if path.is_relative_to(DATA) and not path.exists():
        raise FileNotFoundError(f'there is no file {path}; write the scenes '
                                f'first: python {MAKE_SCENES}')


def main() -> None:
    args = parse_args()
    need_file('config file', args.config)
    quiet()
    torch.set_num_threads(args.threads)
    with one_line_errors(), config_errors(args.config):
        cfg = Config.fromfile(args.config)
        cfg.work_dir = args.work_dir or f'work_dirs/{Path(args.config).stem}'
        cfg.merge_from_dict(args.cfg_options or {})
        # with a load_from, MMEngine would resume from that file
        if args.resume and find_latest_checkpoint(cfg.work_dir):
            cfg.resume, cfg.load_from = True, None
        need_clip_nano(cfg.get('load_from'))
        need_file('checkpoint load_from =', cfg.get('load_from'))
        need_scenes(cfg.get('train_dataloader', {}).get('dataset', {}))
        runner = Runner.from_cfg(cfg)
    try:
        runner.train()
    except (FileNotFoundError, ValueError) as error:
        # later it is no mistake in the config, and more should be known
        if runner.message_hub.get_info('iter', 0):
            raise
        give_up(error)


if __name__ == '__main__':
    main()
