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
from torch import Tensor

from mmdet.registry import MODELS
from projects.emoji_world.emoji_world.weights import REGIONCLIP
from regionclip_mm.checkpoint import load_weights, save_checkpoint
from regionclip_mm.command_line import one_line_errors, quiet
from regionclip_mm.models.utils import data_dependent_init

PROJECT = Path(__file__).resolve().parents[1]
KEPT = ('proposal_source.', 'text_encoder.')
SCENES, SIZE = 'data/emoji_world/images/rpn_train', 288


def some_scenes(count: int = 16) -> Tensor:
    """Pixels (count, 3, SIZE, SIZE) of training scenes, BGR, 0 to 255."""
    paths = sorted(Path(SCENES).glob('*.png'))[:count]
    if not paths:
        raise FileNotFoundError(f'no scenes in {SCENES}: python projects/'
                                'emoji_world/tools/make_scenes.py')
    return torch.stack([
        torch.from_numpy(cv2.resize(cv2.imread(str(path)), (SIZE, SIZE)))
        for path in paths]).permute(0, 3, 1, 2)


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
    inputs = model.data_preprocessor(dict(inputs=list(some_scenes())))
    data_dependent_init(model.eval(), inputs['inputs'])
    state = model.state_dict()
    known = load_weights(REGIONCLIP).tensors
    state.update({k: v.float() for k, v in known.items()
                  if k.startswith(KEPT) and k in state})
    save_checkpoint(state, args.out, dict(seed=args.seed))
    print(f'wrote {args.out}')


if __name__ == '__main__':
    with one_line_errors():
        main()
