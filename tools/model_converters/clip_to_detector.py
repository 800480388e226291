"""CLIP checkpoint + RPN checkpoint -> one checkpoint for a detector config.

    python tools/model_converters/clip_to_detector.py \\
        configs/zeroshot/regionclip_rn50_rpn_coco-ovd.py \\
        clip://RN50 rpn_epoch_12.pth detector.pth --fp16

The RPN may have been trained alone or inside a two-stage detector, with mmdet
or detectron2; '-' if the config has none. Optimizer state and logs are left
behind.
"""
import argparse

from _report import converter

from regionclip_mm.checkpoint import detector_from_files, save_checkpoint


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config of the detector')
    parser.add_argument('clip', help='CLIP: a file, or clip://RN50')
    parser.add_argument('rpn', help="RPN checkpoint, or '-'")
    parser.add_argument('out', help='checkpoint to write')
    parser.add_argument('--for-training', action='store_true',
                        help='write what a training starts from: new heads '
                        '(box deltas, masks) may be missing')
    parser.add_argument('--fp16', action='store_true',
                        help='store matrices in float16')
    return parser.parse_args()


@converter
def main() -> None:
    args = parse_args()
    rpn = None if args.rpn == '-' else args.rpn
    state, reports = detector_from_files(
        args.config, args.clip, rpn, for_training=args.for_training)
    print(*reports, sep='\n')
    meta = dict(source=[args.clip, rpn])
    save_checkpoint(state, args.out, meta, args.fp16)
    print(f'wrote {args.out}: {len(state)} tensors for {args.config}')


if __name__ == '__main__':
    main()
