"""Arithmetic of pretraining by part, counted without computing anything.

    python tools/benchmarks/flops.py --size 720 960
"""
import argparse
import sys
from pathlib import Path
from typing import Callable, Dict, Sequence, Tuple

import torch
from literal import literal_pool
from mmengine.config import Config
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from mmdet.registry import MODELS
from mmdet.utils import register_all_modules

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from regionclip_mm.models.layers.clip_archs import get_arch

RECIPE = 'regionclip_rn50_rpn_cc3m'
TOKENS = 20  # of a caption; the longest of a batch decides


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--recipe', default=RECIPE)
    parser.add_argument('--size', type=int, nargs=2, default=(720, 960),
                        metavar=('H', 'W'))
    parser.add_argument('--kept', type=float, default=1.0, help='share of '
                        'the regions that the teacher is sure of')
    return parser.parse_args()


def build(recipe: str) -> nn.Module:
    """The pretrainer of a recipe, without memory for its weights."""
    register_all_modules()
    cfg = Config.fromfile(ROOT / f'configs/pretrain/{recipe}.py')
    with torch.device('meta'):
        return MODELS.build(cfg.model).train()


def count(function: Callable[[], object]) -> float:
    """Operations, two for each multiplication with its addition."""
    counter = FlopCounterMode(display=False)
    with counter:
        function()
    return float(counter.get_total_flops())


def encoder(net: nn.Module, size: Tuple[int, int],
            regions: int) -> Dict[str, float]:
    """Of a region encoder: forward, and what its way back adds."""
    sizes = get_arch(net.backbone.arch)
    image = torch.empty(1, 3, *size, device='meta')
    pooled = torch.empty(regions, sizes.channels[2], sizes.roi_size,
                         sizes.roi_size, device='meta', requires_grad=True)
    concepts = torch.empty(net.classifiers[0].built_for - 1,
                           sizes.embed_dim, device='meta')
    trunk = net.backbone.trunk(image)

    def head() -> Tensor:
        maps = net.roi_head.shared_head(pooled)
        return net.roi_head.bbox_head.region_pool(maps) @ concepts.t()

    def stages() -> Tensor:
        return net.backbone.after_trunk(trunk)[0]

    found = dict(trunk=count(lambda: net.backbone.trunk(image)),
                 stages=count(stages), regions=count(head))
    if any(p.requires_grad for p in net.parameters()):
        found['backward'] = count(lambda: head().sum().backward()) + count(
            lambda: stages().sum().backward()
        ) - found['stages'] - found['regions']
    return found


def parts(model: nn.Module, size: Sequence[int],
          kept: float = 1.0) -> Dict[str, float]:
    """Operations for one image with its caption, by part.

    Args:
        model: See :func:`build`.
        size: Height and width.
        kept: Share of the regions that the student encodes, too, beside the
            whole image.
    """
    regions = model.num_regions
    rpn = model.proposal_source.rpn
    image = torch.empty(1, 3, *(-(-side // 32) * 32 for side in size),
                        device='meta')
    ids = torch.full((1, TOKENS), model.text_encoder.tokenizer.eot,
                     device='meta')
    with torch.no_grad():
        teacher = encoder(model.teacher, size, regions)
    student = encoder(model, size, round(kept * regions) + 1)
    return {
        'text tower': count(lambda: model.text_encoder.model(ids)),
        'RPN': count(lambda: rpn.bbox_head(rpn.extract_feat(image))),
        'trunk': student['trunk'],
        'teacher': teacher['stages'] + teacher['regions'],
        'student, forward': student['stages'] + student['regions'],
        'student, backward': student['backward']}


def literal_surplus(model: nn.Module, size: Sequence[int]) -> float:
    """What the literal form (literal.py) adds: a second trunk, and all
    queries of the pool for teacher and student, its way back included."""
    pool = model.roi_head.bbox_head.region_pool
    maps = torch.empty(model.num_regions, *_map_of(pool), device='meta')
    with torch.no_grad():
        trunk = count(lambda: model.backbone.trunk(
            torch.empty(1, 3, *size, device='meta')))
        pools = count(lambda: literal_pool(pool)(maps)) - count(
            lambda: pool(maps))
    return trunk + 4 * pools


def _map_of(pool: nn.Module) -> Tuple[int, int, int]:
    return (pool.positional_embedding.shape[1], pool.pool_size,
            pool.pool_size)


def main() -> None:
    args = parse_args()
    found = parts(build(args.recipe), args.size, args.kept)
    total = sum(found.values())
    print(f'| part | GFLOP, {args.size[0]}x{args.size[1]} | share |\n'
          '|---|---|---|')
    for name, value in [*found.items(), ('iteration', total)]:
        print(f'| {name} | {value / 1e9:.1f} | {value / total:.0%} |')
    student = total - found['RPN'] - found['teacher']
    print(f'\nonline / offline: {total / student:.2f}')


if __name__ == '__main__':
    main()
