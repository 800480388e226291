"""OpenAI's CLIP ResNet -> CLIP checkpoint of this package.

    python tools/model_converters/openai_clip.py RN50.pt clip_rn50.pth

SOURCE is OpenAI's TorchScript file (no code in it is run), safetensors with
the same names (open_clip_model.safetensors of timm/resnet50_clip.openai), a
RegionCLIP checkpoint with a text tower, or clip://RN50.
"""
import argparse

from _report import add_fp16, converter, new_parser

from regionclip_mm.checkpoint import (convert_openai_clip, open_weights,
                                      save_checkpoint)


def parse_args() -> argparse.Namespace:
    parser = new_parser(__doc__)
    parser.add_argument('source', help='file to convert, or clip://NAME')
    parser.add_argument('out', help='checkpoint to write')
    parser.add_argument(
        '--arch', default='',
        help='rn50, rn101, rn50x4, ...: stop if the file is another one')
    add_fp16(parser)
    return parser.parse_args()


@converter
def main() -> None:
    args = parse_args()
    file = open_weights(args.source)
    state, report, arch = convert_openai_clip(file, args.arch)
    print(report)
    meta = dict(arch=arch, source=args.source)
    save_checkpoint(state, args.out, meta, args.fp16)
    print(f'wrote {args.out}: CLIP {arch}, {len(state)} tensors')


if __name__ == '__main__':
    main()
