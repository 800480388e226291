"""Write the image branch of a detector as an ONNX file.

    python tools/export_onnx.py CONFIG WEIGHTS --out model.onnx
    python tools/export_onnx.py CONFIG WEIGHTS --out model.onnx \\
        --vocabulary cat "traffic cone"

From an image and boxes to region embeddings and logits; and to refined boxes,
where the detector refines them. Not exported: where to look (the RPN), loading
and resizing, fusion with objectness, NMS, masks, the text tower. See
docs/export.md.
"""
import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, List, Optional, Sequence, Union

sys.path.insert(0, str(Path(__file__).parents[1]))

from image_demo import is_file, read_vocabulary

from regionclip_mm.command_line import (config_errors, give_up, need_file,
                                        one_line_errors, quiet)

if TYPE_CHECKING:  # heavy: imported where it is needed
    from regionclip_mm.apis import RegionInferencer
    from regionclip_mm.text import Vocabulary

LEFT_OUT = ('proposals (RPN), loading and resizing, fusion with objectness, '
            'NMS, masks, text tower')


def parse_args(argv: Optional[List[str]] = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'config', help='config file of the detector, or name of a shipped one')
    parser.add_argument('weights', help='its checkpoint')
    parser.add_argument('--out', required=True, help='file to write, *.onnx')
    parser.add_argument(
        '--vocabulary', nargs='+', metavar='NAME',
        help='classes to bake in: names, a text file with one name a line, '
        'or a vocabulary file of tools/build_vocabulary.py (default: none, '
        'text embeddings are an input of the model)')
    parser.add_argument(
        '--opset', type=int, default=18,
        help="version of ONNX's operators (default: %(default)s)")
    return parser.parse_args(argv)


def check_files(args: argparse.Namespace) -> None:
    """Miss files before anything heavy is imported."""
    if args.config.endswith('.py'):
        need_file('config file', args.config)
    need_file('checkpoint', args.weights)
    if is_file(args.vocabulary):
        need_file('vocabulary file', args.vocabulary[0])


def encoded(detect: 'RegionInferencer',
            words: 'Union[Vocabulary, Sequence[str], None]'
            ) -> 'Optional[Vocabulary]':
    """A vocabulary of names, or the one that was read."""
    from regionclip_mm.apis.word_cache import encode_names
    from regionclip_mm.text import Vocabulary
    if words is None or isinstance(words, Vocabulary):
        return words
    return encode_names(detect.model, words, detect.words)


def main(argv: Optional[List[str]] = None) -> None:
    """Export, check the file in ONNX Runtime, say what is in it."""
    args = parse_args(argv)
    check_files(args)
    quiet()
    from regionclip_mm.apis import RegionInferencer
    from regionclip_mm.apis.onnx_file import (check_opset, check_packages,
                                              export_onnx)
    try:
        check_packages()
    except ImportError as error:
        give_up(error)
    check_opset(args.opset)
    words = read_vocabulary(args.vocabulary)
    with config_errors(args.config):
        detect = RegionInferencer(args.config, args.weights, device='cpu')
    vocabulary = encoded(detect, words)
    difference = export_onnx(detect.model, args.out, vocabulary, args.opset)
    classes = (f'{len(vocabulary)} classes baked in' if vocabulary
               else 'text embeddings are an input')
    print(f'{args.out}: {classes}. Logits in ONNX Runtime differ by '
          f'{difference:.1g} at most. Not in the file: {LEFT_OUT}.')


if __name__ == '__main__':
    with one_line_errors():
        main()
