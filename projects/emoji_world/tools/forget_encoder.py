"""Random weights for a region encoder; text tower and RPN stay.

    python projects/emoji_world/tools/forget_encoder.py OUT.pth --seed 0

Batch norms, which training leaves as they are, take their statistics from
scenes: with mean 0 and variance 1, all regions would look the same.
"""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

import cv2
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.utils import import_modules_from_strings
from torch import Tensor, nn

from mmdet.registry import MODELS
from regionclip_mm.checkpoint import load_weights, save_checkpoint
from regionclip_mm.command_line import one_line_errors, quiet

PROJECT = Path(__file__).resolve().parents[1]
KEPT = ('proposal_source.', 'text_encoder.')
SCENES, SIZE, BOXES = 'data/emoji_world/images/rpn_train', 288, 16


def some_scenes(count: int = 16) -> Tensor:
    """Pixels (count, 3, SIZE, SIZE) of training scenes, BGR, 0 to 255."""
    paths = sorted(Path(SCENES).glob('*.png'))[:count]
    if not paths:
        raise FileNotFoundError(f'no scenes in {SCENES}: python projects/'
                                'emoji_world/tools/make_scenes.py')
    return torch.stack([
        torch.from_numpy(cv2.resize(cv2.imread(str(path)), (SIZE, SIZE)))
        for path in paths]).permute(0, 3, 1, 2)


@torch.no_grad()
def tell_apart(model: nn.Module, scenes: Tensor) -> None:
    """Let norms take the statistics of random boxes' pixels, and centre the
    embeddings.

    Args:
        model: Detector with a region encoder of random weights.
        scenes: Pixels (N, 3, H, W), BGR, 0 to 255.
    """
    inputs = model.data_preprocessor(dict(inputs=list(scenes)))['inputs']
    boxes = list((torch.rand(len(scenes), BOXES, 2, 2).sort(2).values
                  * SIZE).flatten(2))
    norms = [m for m in (*model.backbone.modules(), *model.roi_head.modules())
             if isinstance(m, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = 1.0
        norm.train()
    model.encode_regions(inputs, boxes)
    model.eval()
    mean = model.encode_regions(inputs, boxes).mean(0)
    model.roi_head.bbox_head.region_pool.c_proj.bias -= mean


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('out', help='checkpoint to write')
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args()
    quiet()
    config = Config.fromfile(PROJECT / 'configs/regionclip_nano.py')
    import_modules_from_strings(**config.custom_imports)
    init_default_scope(config.default_scope)
    torch.manual_seed(args.seed)
    model = MODELS.build(config.model)
    tell_apart(model, some_scenes())
    state = model.state_dict()
    known = load_weights(PROJECT / 'weights/regionclip_nano.pth').tensors
    state.update({k: v.float() for k, v in known.items()
                  if k.startswith(KEPT) and k in state})
    save_checkpoint(state, args.out, dict(seed=args.seed))
    print(f'wrote {args.out}')


if __name__ == '__main__':
    with one_line_errors():
        main()
