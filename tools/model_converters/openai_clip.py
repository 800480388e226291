"""OpenAI's CLIP ResNet -> CLIP checkpoint of this package.

    python tools/model_converters/openai_clip.py RN50.pt clip_rn50.pth

SOURCE is OpenAI's TorchScript file (no code in it is run), safetensors with
the same names (open_clip_model.safetensors of timm/resnet50_clip.openai), a
RegionCLIP checkpoint with a text tower, or clip://RN50. Of a checkpoint of
pretraining, which has two image towers, it keeps the student's.
"""
import argparse

from _report import add_fp16, converter, new_parser

from regionclip_mm.checkpoint import (convert_openai_clip, open_weights,
                                      save_checkpoint, take_teacher)


def parse_args() -> argparse.Namespace:
    parser = new_parser(__doc__)
    parser.add_argument('source', help='file to convert, or clip://NAME')
    parser.add_argument('out', help='checkpoint to write')
    parser.add_argument(
        '--arch', default='',
        help='rn50, rn101, rn50x4, ...: stop if the file is another one')
    parser.add_argument(
        '--teacher', action='store_true',
        help="of a checkpoint of pretraining, the teacher's image tower")
    add_fp16(parser)
    return parser.parse_args()


@converter
def main() -> None:
    args = parse_args()
    file = open_weights(args.source)
    if args.teacher:
        file = take_teacher(file)
    state, report, arch = convert_openai_clip(file, args.arch)
    print(report)
    meta = dict(arch=arch, source=args.source)
    save_checkpoint(state, args.out, meta, args.fp16)
    print(f'wrote {args.out}: CLIP {arch}, {len(state)} tensors')


if __name__ == '__main__':
    main()
