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

from _report import add_options, converter, new_parser, write_detector


def parse_args() -> argparse.Namespace:
    parser = new_parser(__doc__)
    parser.add_argument('config', help='config of the detector')
    parser.add_argument('source', help="RegionCLIP's main checkpoint, "
                        'pretrained or finetuned (or a whole CLIP, or a '
                        'detector of this package)')
    parser.add_argument('out', help='checkpoint to write')
    parser.add_argument('--rpn', help='RPN file, if the config has an RPN '
                        'that SOURCE does not contain')
    parser.add_argument('--clip', help='CLIP whose text tower goes along: '
                        'a file, or clip://RN50')
    add_options(parser)
    return parser.parse_args()


@converter
def main() -> None:
    args = parse_args()
    files = [args.source, args.rpn, args.clip]
    write_detector(args, *files, sources=files)


if __name__ == '__main__':
    main()
