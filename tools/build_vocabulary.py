"""Embed class names with a CLIP text encoder and write a vocabulary file.

    python tools/build_vocabulary.py data/vocabularies/mine.pth \\
        --names cat "traffic cone" --arch rn50 --checkpoint clip://RN50

For a detector with other templates than CLIP's 81, as the nano one, name its
config instead of --arch and --templates:

    python tools/build_vocabulary.py data/vocabularies/nano.pth \\
        --config projects/emoji_world/configs/regionclip_nano.py \\
        --names cat dog \\
        --checkpoint projects/emoji_world/weights/regionclip_nano.pth
"""
import argparse
import functools
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, List, Optional, Sequence, Tuple

sys.path.insert(0, str(Path(__file__).parents[1]))

from regionclip_mm.command_line import (config_errors, need_file,
                                        one_line_errors, quiet)

if TYPE_CHECKING:  # heavy: imported where it is needed
    from regionclip_mm.text import Vocabulary

ARCHS = ('nano', 'rn101', 'rn50', 'rn50x16', 'rn50x4', 'rn50x64')
TEMPLATE_SETS = ('clip81', 'name_only')


def parse_args(argv: Optional[List[str]] = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('out', help='vocabulary file to write, *.pth')
    names = parser.add_mutually_exclusive_group(required=True)
    names.add_argument('--names', nargs='+', metavar='NAME',
                       help='class names')
    names.add_argument(
        '--file', help='text file with one class name a line, or the one that '
        'tools/build_concept_pool.py wrote')
    names.add_argument(
        '--json', help='COCO or LVIS annotations: all categories in the order '
        'of their ids, under the names they have there (prompts get '
        '"bow tie" for "bow_(tie)")')
    parser.add_argument(
        '--config', help='config of the detector that will use the names: '
        'its text encoder and templates are the defaults of --arch and '
        '--templates')
    parser.add_argument('--arch', choices=ARCHS,
                        help='size of the text encoder (default: rn50)')
    parser.add_argument(
        '--checkpoint', required=True,
        help='checkpoint with text_encoder.* keys, or clip://RN50')
    parser.add_argument(
        '--templates', nargs='+', metavar='TEMPLATE',
        help=f'one of {", ".join(TEMPLATE_SETS)}, or texts with {{}} for the '
        'name (default: clip81)')
    parser.add_argument('--device', help='default: the best there is')
    return parser.parse_args(argv)


def read_names(args: argparse.Namespace) -> Sequence[str]:
    """The class names that the user asked for, if they can be used."""
    from regionclip_mm.checkpoint.embeddings import (names_from_json,
                                                     names_from_text)
    from regionclip_mm.text.checks import check_names
    from regionclip_mm.text.encoding import warn_of_same_words
    if args.json:
        names = names_from_json(args.json)
    elif args.file:
        names = names_from_text(args.file)
    else:  # 'cat . dog' is two names in mmdet, so here, too
        names = [name.strip() for text in args.names
                 for name in re.split(r'\s+\.\s+', text)]
    names = check_names(names)
    warn_of_same_words(names)
    lists = [] if args.json else [name for name in names if ',' in name]
    if lists:
        print(f'warning: {lists[0]!r} is taken as one class name; write '
              '--names cat dog, or one name a line in a file, if it is '
              'several', file=sys.stderr)
    return names


def read_defaults(args: argparse.Namespace) -> Tuple[str, Sequence[str]]:
    """Size of the text encoder, and templates."""
    from regionclip_mm.checkpoint.layouts import read_config
    from regionclip_mm.text import get_templates
    with config_errors(args.config):
        model = read_config(args.config).model if args.config else {}
    part = model.get('text_encoder') or model.get('backbone') or {}
    arch = args.arch or part.get('arch', 'rn50')
    templates = args.templates or model.get('prompt_templates', 'clip81')
    if args.templates and len(templates) == 1 and '{}' not in templates[0]:
        templates = templates[0]
    if arch == 'nano' and not (args.templates or args.config):
        print("warning: these are CLIP's 81 templates, the nano detector was "
              'made for others: give its config, --config projects/'
              'emoji_world/configs/regionclip_nano.py', file=sys.stderr)
    return arch, get_templates(templates)


def build(args: argparse.Namespace) -> 'Vocabulary':
    """Encode the names and write the file."""
    from mmengine.device import get_device
    from mmengine.utils import track_iter_progress

    from regionclip_mm.apis.devices import check_device
    from regionclip_mm.apis.out_dir import check_out_file
    from regionclip_mm.text import CLIPTextEncoder, encode_vocabulary
    from regionclip_mm.text.prompts import fill_templates
    device = args.device or get_device()
    check_out_file(args.out)
    check_device(device)
    names, (arch, templates) = read_names(args), read_defaults(args)
    for name in names:  # mistakes are told before anything is downloaded
        fill_templates(name, templates)
    encoder = CLIPTextEncoder(arch, checkpoint=args.checkpoint)
    vocabulary = encode_vocabulary(
        names, encoder.to(device).eval(), templates,
        progress=functools.partial(track_iter_progress, file=sys.stderr))
    vocabulary.save(args.out)
    return vocabulary


def main(argv: Optional[List[str]] = None) -> None:
    """Build a vocabulary, or say in one line why not."""
    args = parse_args(argv)
    for what, path in (('file of names', args.file or args.json),
                       ('config file', args.config),
                       ('checkpoint', args.checkpoint)):
        need_file(what, path)
    quiet()
    with one_line_errors():
        vocabulary = build(args)
    print(f'\n{args.out}: {len(vocabulary)} names, '
          f'{vocabulary.embed_dim}-dimensional embeddings')


if __name__ == '__main__':
    main()
