"""Embed class names with a CLIP text encoder and write a vocabulary file.

    python tools/build_vocabulary.py data/vocabularies/mine.pth \\
        --names cat "traffic cone" --arch rn50 --checkpoint clip://RN50
"""
import argparse
import functools
import sys
from pathlib import Path
from typing import List, Optional, Sequence

from mmengine.device import get_device
from mmengine.utils import track_iter_progress

sys.path.insert(0, str(Path(__file__).parents[1]))

from regionclip_mm.checkpoint.embeddings import (names_from_json,  # noqa: E402
                                                 names_from_text)
from regionclip_mm.text import (TEXT_ARCHS, CLIPTextEncoder,  # noqa: E402
                                Vocabulary, encode_vocabulary)
from regionclip_mm.text.checks import check_names  # noqa: E402
from regionclip_mm.text.prompts import (TEMPLATE_SETS,  # noqa: E402
                                        fill_templates, get_templates)


def parse_args(argv: Optional[List[str]] = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('out', help='vocabulary file to write, *.pth')
    names = parser.add_mutually_exclusive_group(required=True)
    names.add_argument('--names', nargs='+', metavar='NAME',
                       help='class names')
    names.add_argument('--file', help='text file with one class name a line')
    names.add_argument(
        '--json', help='COCO or LVIS annotations: all categories in the order '
        'of their ids, under the names they have there (prompts get '
        '"bow tie" for "bow_(tie)")')
    parser.add_argument('--arch', default='rn50', choices=sorted(TEXT_ARCHS),
                        help='size of the text encoder (default: rn50)')
    parser.add_argument(
        '--checkpoint', required=True,
        help='checkpoint with text_encoder.* keys, or clip://RN50')
    parser.add_argument(
        '--templates', nargs='+', default=['clip81'], metavar='TEMPLATE',
        help=f'one of {sorted(TEMPLATE_SETS)}, or texts with {{}} for the '
        'name (default: clip81)')
    parser.add_argument('--device', default=get_device(),
                        help='default: %(default)s')
    return parser.parse_args(argv)


def read_names(args: argparse.Namespace) -> Sequence[str]:
    """The class names that the user asked for, if they can be used."""
    if args.file:
        return check_names(names_from_text(args.file))
    if args.json:
        return check_names(names_from_json(args.json))
    return check_names([name.strip() for name in args.names])


def build(args: argparse.Namespace) -> Vocabulary:
    """Encode the names and write the file."""
    templates = args.templates
    if len(templates) == 1 and '{}' not in templates[0]:
        templates = templates[0]
    names, templates = read_names(args), get_templates(templates)
    for name in names:  # mistakes are told before anything is downloaded
        fill_templates(name, templates)
    encoder = CLIPTextEncoder(args.arch, checkpoint=args.checkpoint)
    vocabulary = encode_vocabulary(names, encoder.to(args.device).eval(),
                                   templates, progress=functools.partial(
                                       track_iter_progress, file=sys.stderr))
    vocabulary.save(args.out)
    return vocabulary


def main(argv: Optional[List[str]] = None) -> None:
    """Build a vocabulary, or say in one line why not."""
    args = parse_args(argv)
    try:
        vocabulary = build(args)
    except (ValueError, OSError, RuntimeError) as error:
        sys.exit(f'error: {error}')
    print(f'\n{args.out}: {len(vocabulary)} names, '
          f'{vocabulary.embed_dim}-dimensional embeddings')


if __name__ == '__main__':
    main()
