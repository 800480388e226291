"""Run the offline RPN over a dataset once and write its proposals.

    python tools/extract_proposals.py \\
        configs/transfer/regionclip_rn50_c4-rpn_coco-ovd.py \\
        checkpoints/regionclip-cc_rn50_rpn-coco48.pth train_proposals.pkl \\
        --loader train

An interrupted run goes on with the same command; until all is done, parts of
it are in OUT.parts. Boxes are in original pixels. To use the file, set
`proposal_file` of the dataset, `proposal_source=dict(type='FileProposals')`,
and in the pipeline `LoadProposals` with every step that moves boxes in a
`ProposalBroadcaster`.
Where test_cfg.rcnn.objectness is 'sqrt_logit' (LVIS), write the file with
--logits and set `proposal_source=dict(type='FileProposals', logits=True)`.
"""
import argparse
import functools
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from mmengine.config import Config, DictAction  # noqa: E402
from mmengine.device import get_device  # noqa: E402
from mmengine.registry import init_default_scope  # noqa: E402
from mmengine.runner import load_checkpoint  # noqa: E402
from rich.progress import Progress  # noqa: E402

from mmdet.registry import DATASETS, MODELS  # noqa: E402
from regionclip_mm.apis.devices import check_device  # noqa: E402
from regionclip_mm.apis.out_dir import check_out_file  # noqa: E402
from regionclip_mm.apis.proposal_parts import extract_in_parts  # noqa: E402
from regionclip_mm.command_line import (config_errors, need_file,  # noqa: E402
                                        one_line_errors)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config of a detector with an RPN')
    parser.add_argument('checkpoint', help='its weights, with the RPN')
    parser.add_argument('out', help='file to write, *.pkl')
    parser.add_argument('--loader', default='test',
                        choices=['train', 'val', 'test'],
                        help='whose dataset (default: test); the images are '
                        'resized as in testing')
    parser.add_argument('--logits', action='store_true',
                        help='write objectness logits, not probabilities')
    parser.add_argument('--device', default=get_device(),
                        help='default: %(default)s')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction,
                        default={}, help='changes of the config')
    return parser.parse_args()


def check_loader(cfg: Config, name: str) -> None:
    """Raise a ValueError unless the config has the loader, and that of
    testing, whose pipeline is used."""
    there = [part for part in ('train', 'val', 'test')
             if cfg.get(f'{part}_dataloader')]
    for part in (name, 'test'):
        if part not in there:
            raise ValueError(
                f'{cfg.filename} has no {part}_dataloader; it has those of: '
                f'{", ".join(there) or "none"} (--loader)')


def main() -> None:
    args = parse_args()
    need_file('config file', args.config)
    need_file('checkpoint', args.checkpoint)
    check_out_file(args.out)
    check_device(args.device)
    with config_errors(args.config):
        cfg = Config.fromfile(args.config)
        cfg.merge_from_dict(args.cfg_options)
        check_loader(cfg, args.loader)
        init_default_scope(cfg.get('default_scope', 'mmdet'))
        detector = MODELS.build(cfg.model).to(args.device)
        loader = cfg.test_dataloader
        dataset = cfg[f'{args.loader}_dataloader'].dataset.copy()
        if args.loader != 'test':
            dataset.update(pipeline=loader.dataset.pipeline, test_mode=True)
        images = DATASETS.build(dataset)
        settings = [cfg.model.get('data_preprocessor'),
                    cfg.model.proposal_source, dataset]
    load_checkpoint(detector, args.checkpoint, map_location='cpu')
    with Progress() as bar:
        task = bar.add_task('images', total=len(images))
        count = extract_in_parts(
            detector.eval(), images, loader, args.out,
            'objectness_logits' if args.logits else 'scores', repr(settings),
            functools.partial(bar.advance, task))
    print(f'wrote {args.out}: proposals of {count} images')


if __name__ == '__main__':
    with one_line_errors():
        main()
