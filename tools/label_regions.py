"""Label the regions of images with a teacher's concepts, once.

    python tools/label_regions.py CONFIG data/labels/coco.json \\
        --offline-config configs/pretrain/offline.py

CONFIG is one of region-text pretraining: its proposal source says where the
regions are, its teacher what they are. Variable `label_pipeline` of it takes
the place of the train pipeline: the same without chance, for example a
`Resize` of one size, and no `RandomFlip`. Weights are those of a training:
`load_from` and the teacher's `init_cfg`.

OUT (*.json) is in COCO's format, for other programs. Beside it *.npy has boxes
and best concepts of each region, *.index.jsonl the images they are of. An
interrupted run goes on with the same command. For several processes, give each
its --part, at the end run the same command without it.
"""
import argparse
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, List, Optional, Tuple

sys.path.insert(0, str(Path(__file__).parents[1]))

from regionclip_mm.command_line import (config_errors, need_file,
                                        one_line_errors, positive, quiet)

if TYPE_CHECKING:  # heavy: imported where it is needed
    from mmengine.config import Config

    from regionclip_mm.models import RegionTextPretrainer


def part(text: str) -> Tuple[int, int]:
    """'0/4' -> (0, 4)."""
    number, _, of = text.partition('/')
    if not (number.isdecimal() and of.isdecimal() and int(number) < int(of)):
        raise argparse.ArgumentTypeError(
            f'{text!r} is not I/N with I from 0 to N-1, for example 0/4')
    return int(number), int(of)


def parse_args(argv: Optional[List[str]] = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config of region-text pretraining')
    parser.add_argument('out', help='file to write, *.json')
    parser.add_argument('--top-k', type=positive, default=128, metavar='K',
                        help='concepts of a region (default: %(default)s)')
    parser.add_argument('--regions', type=positive, default=300, metavar='N',
                        help='of an image, at most (default: %(default)s)')
    parser.add_argument('--storage', choices=['float16', 'float32'],
                        default='float16', help='type of the logarithms of '
                        'probabilities (default: %(default)s)')
    parser.add_argument('--part', type=part, metavar='I/N',
                        help='label this part of the images only, for '
                        'example 0/4')
    parser.add_argument('--offline-config', metavar='FILE',
                        help='write the config of offline training, *.py')
    parser.add_argument('--batch-size', type=positive, metavar='N',
                        help="default: the train_dataloader's")
    parser.add_argument('--device', help='default: the best there is')
    parser.add_argument('--cfg-options', nargs='+', default=[],
                        metavar='KEY=VALUE', help='changes of the config')
    return parser.parse_args(argv)


def read_config(args: argparse.Namespace) -> 'Config':
    """The config, if regions can be labelled by it and written to OUT."""
    from mmengine.config import Config, DictAction

    from regionclip_mm.apis.label_pipeline import check_label_pipeline
    from regionclip_mm.apis.offline_config import (check_file, check_online,
                                                   offline_config)
    from regionclip_mm.apis.out_dir import check_out_file
    from regionclip_mm.io.region_labels import index_file, side_file
    if Path(args.out).suffix != '.json':
        raise ValueError(f'{args.out} should end in .json')
    for path in (args.out, side_file(args.out), index_file(args.out),
                 args.offline_config):
        if path:
            check_out_file(path)
    if args.offline_config:
        check_file(args.offline_config, args.config)
    cfg = Config.fromfile(args.config)
    changes = argparse.ArgumentParser()
    changes.add_argument('--set', nargs='*', action=DictAction, default={})
    cfg.merge_from_dict(changes.parse_args(['--set', *args.cfg_options]).set)
    check_online(cfg)
    if args.offline_config:
        offline_config(cfg, args.out)
    check_label_pipeline(cfg.get('label_pipeline'), args.config)
    return cfg


def build_pretrainer(cfg: 'Config', device: str) -> 'RegionTextPretrainer':
    """Student and teacher with their weights, as a training has them."""
    from mmengine.runner import load_checkpoint

    from mmdet.registry import MODELS
    pretrainer = MODELS.build(cfg.model)
    logging.disable(logging.INFO)  # a line for each weight
    pretrainer.init_weights()
    logging.disable(logging.NOTSET)
    if cfg.get('load_from'):
        load_checkpoint(pretrainer, cfg.load_from, map_location='cpu',
                        logger='silent')
    return pretrainer.to(device)


def label(args: argparse.Namespace) -> None:
    """Label, and join the parts."""
    from mmengine.device import get_device
    from mmengine.registry import init_default_scope
    from rich.console import Console
    from rich.progress import Progress

    from mmdet.registry import DATASETS
    from regionclip_mm.apis.devices import check_device
    from regionclip_mm.apis.label_job import job_of
    from regionclip_mm.apis.offline_config import offline_config
    from regionclip_mm.apis.region_labelling import (META_KEYS, RegionLabeller,
                                                     Settings)
    from regionclip_mm.io.files import written_whole
    device = args.device or get_device()
    check_device(device)
    with config_errors(args.config):
        cfg = read_config(args)
        init_default_scope(cfg.get('default_scope', 'mmdet'))
        pretrainer = build_pretrainer(cfg, device)
        loader = cfg.train_dataloader
        pack = cfg.label_pipeline[-1]
        pack.meta_keys = tuple(dict.fromkeys(
            (*pack.get('meta_keys', ()), *META_KEYS)))
        dataset = DATASETS.build(dict(loader.dataset,
                                      pipeline=cfg.label_pipeline))
    labeller = RegionLabeller(
        pretrainer, dataset, args.out,
        Settings(args.top_k, args.regions, args.storage,
                 args.batch_size or loader.batch_size),
        job_of(cfg, pretrainer), loader.num_workers)
    first, step = args.part or (0, 1)
    total = None if labeller.files.has_shards else -(-len(dataset) // step)
    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task('images', total=total)
        for images in labeller.run(first, step):
            bar.advance(task, images)
    if args.part:
        print(f'part {first} of {step} is done; when all are, run the command '
              'without --part' + (', which writes the offline config'
                                  if args.offline_config else ''))
        return
    summary = labeller.finish()
    print(f'{args.out}: {summary}')
    if summary.problems:
        print(f'{len(summary.problems)} images were skipped, the first:',
              *summary.problems[:5], sep='\n', file=sys.stderr)
    if args.offline_config:
        with written_whole(args.offline_config) as partial:
            text = offline_config(cfg, args.out).pretty_text
            partial.write_text(text, encoding='utf-8')
        print(f'python tools/train.py {args.offline_config}')


def main(argv: Optional[List[str]] = None) -> None:
    """Label regions, or say in one line why not."""
    args = parse_args(argv)
    need_file('config file', args.config)
    quiet()
    with one_line_errors():
        label(args)


if __name__ == '__main__':
    main()
