"""Write the shipped weights from those of trainings.

    python projects/emoji_world/tools/ship_weights.py \\
        work_dirs/pretrain_nano/iter_500.pth data/emoji_world/clip_nano.pth

RegionCLIP-nano goes to ``weights/regionclip_nano.pth``, in half precision;
what CLIP-nano has otherwise to ``weights/clip_nano_encoder.pth``.
"""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from projects.emoji_world.emoji_world.weights import FOLDER, ship
from regionclip_mm.command_line import need_file, one_line_errors, quiet


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('regionclip', help='checkpoint of pretrain_nano.py')
    parser.add_argument('clip', help='checkpoint that it began with')
    parser.add_argument('--out', type=Path, default=FOLDER,
                        help='folder; default: the shipped files')
    args = parser.parse_args()
    for path in (args.regionclip, args.clip):
        need_file('checkpoint', path)
    quiet()
    ship(args.regionclip, args.clip, args.out)


if __name__ == '__main__':
    with one_line_errors():
        main()
