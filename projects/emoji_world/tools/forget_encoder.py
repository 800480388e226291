"""Random weights for a region encoder; text tower and RPN stay.

    python projects/emoji_world/tools/forget_encoder.py OUT.pth --seed 0
"""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.utils import import_modules_from_strings

from mmdet.registry import MODELS
from regionclip_mm.checkpoint import load_weights, save_checkpoint
from regionclip_mm.command_line import one_line_errors, quiet

PROJECT = Path(__file__).resolve().parents[1]
KEPT = ('proposal_source.', 'text_encoder.')


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
    model.backbone.init_weights()
    model.roi_head.init_weights()
    state = model.state_dict()
    known = load_weights(PROJECT / 'weights/regionclip_nano.pth').tensors
    state.update({k: v.float() for k, v in known.items()
                  if k.startswith(KEPT) and k in state})
    save_checkpoint(state, args.out, dict(seed=args.seed))
    print(f'wrote {args.out}')


if __name__ == '__main__':
    with one_line_errors():
        main()
