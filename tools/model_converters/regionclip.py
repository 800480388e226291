"""Released RegionCLIP files -> one checkpoint for a config.

    python tools/model_converters/regionclip.py \\
        configs/zeroshot/regionclip_rn50_rpn_coco-ovd.py \\
        regionclip_pretrained-cc_rn50.pth out.pth \\
        --rpn rpn_lvis_866.pth --clip clip://RN50

The result holds everything that runs: image tower, heads, RPN and (with
--clip) the text tower. Class embeddings are not part of it, the config names
a vocabulary file: see embeddings.py. Every key of the files is used, or left
out for a reason that is printed; anything else stops the conversion.
"""
import argparse

from _report import converter

from regionclip_mm.checkpoint import detector_from_files, save_checkpoint


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config of the detector')
    parser.add_argument('source', help="RegionCLIP's main checkpoint, "
                        'pretrained or finetuned (or a whole CLIP)')
    parser.add_argument('out', help='checkpoint to write')
    parser.add_argument('--rpn', help='RPN file, if the config has an RPN '
                        'that SOURCE does not contain')
    parser.add_argument('--clip', help='CLIP whose text tower goes along: '
                        'a file, or clip://RN50')
    parser.add_argument('--for-training', action='store_true',
                        help='write what a training starts from: new heads '
                        '(box deltas, masks) may be missing')
    parser.add_argument('--fp16', action='store_true',
                        help='store matrices in float16')
    return parser.parse_args()


@converter
def main() -> None:
    args = parse_args()
    state, reports = detector_from_files(args.config, args.source, args.rpn,
                                         args.clip, args.for_training)
    print(*reports, sep='\n')
    meta = dict(source=[args.source, args.rpn, args.clip])
    save_checkpoint(state, args.out, meta, args.fp16)
    print(f'wrote {args.out}: {len(state)} tensors for {args.config}')


if __name__ == '__main__':
    main()
