"""CLIP checkpoint + RPN checkpoint -> one checkpoint for a detector config.

    python tools/model_converters/clip_to_detector.py \\
        configs/zeroshot/regionclip_rn50_rpn_coco-ovd.py \\
        clip://RN50 rpn_epoch_12.pth detector.pth --fp16

The RPN may have been trained alone or inside a two-stage detector, with mmdet
or detectron2; '-' if the config has none. Optimizer state and logs are left
behind.
"""
import argparse

from _report import add_options, converter, new_parser, write_detector


def parse_args() -> argparse.Namespace:
    parser = new_parser(__doc__)
    parser.add_argument('config', help='config of the detector')
    parser.add_argument('clip', help='CLIP: a file, or clip://RN50')
    parser.add_argument('rpn', help="RPN checkpoint, or '-'")
    parser.add_argument('out', help='checkpoint to write')
    add_options(parser)
    return parser.parse_args()


@converter
def main() -> None:
    args = parse_args()
    rpn = None if args.rpn == '-' else args.rpn
    write_detector(args, args.clip, rpn, None, sources=[args.clip, rpn])


if __name__ == '__main__':
    main()
