"""Make a vocabulary of example images: find what looks like this.

    python tools/build_vocabulary_from_images.py CONFIG WEIGHTS \\
        --examples examples/ --out data/vocabularies/mine.pth

Examples are a folder with a folder of images for each name (each image shows
one thing, and little else), or a COCO file, whose boxes are examples of their
categories. --names adds words. The file is a vocabulary of this detector's
weights, wherever one can be given: `vocabulary=` of RegionInferencer,
VocabularyFile in configs.
"""
import argparse
import functools
import sys
from pathlib import Path
from typing import TYPE_CHECKING, List, Optional

sys.path.insert(0, str(Path(__file__).parents[1]))

from regionclip_mm.command_line import (config_errors, need_file,
                                        one_line_errors, positive, quiet)

if TYPE_CHECKING:  # heavy: imported where it is needed
    from regionclip_mm.text import Vocabulary


def parse_args(argv: Optional[List[str]] = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config of the detector')
    parser.add_argument('weights', help='its checkpoint')
    parser.add_argument('--examples', required=True, metavar='FOLDER|JSON',
                        help='folder with a folder for each name, or a COCO '
                        'file')
    parser.add_argument('--out', required=True,
                        help='vocabulary file to write, *.pth')
    parser.add_argument('--image-root', metavar='FOLDER', help='where file '
                        "names of a COCO file begin (default: the file's "
                        'folder)')
    parser.add_argument('--most', type=positive, metavar='N',
                        help='use the first N examples of a name '
                        '(default: all)')
    parser.add_argument('--names', nargs='+', metavar='NAME',
                        help='words to add, a file of them *.txt, or a '
                        'vocabulary file *.pth')
    parser.add_argument('--device', help='default: the best there is')
    return parser.parse_args(argv)


def build(args: argparse.Namespace) -> 'Vocabulary':
    """Embed the examples, add the words, and write the file."""
    from mmengine.utils import track_iter_progress

    from regionclip_mm.apis.example_files import read_examples
    from regionclip_mm.apis.example_vocabulary import (embed_around,
                                                       embed_examples, meta_of,
                                                       vocabulary_of_examples)
    from regionclip_mm.apis.open_detector import DetectorFiles, open_detector
    from regionclip_mm.apis.out_dir import check_out_file
    from regionclip_mm.apis.region_features import vocabulary_of
    from regionclip_mm.text.checks import check_names
    check_out_file(args.out)
    examples = read_examples(args.examples, args.image_root, args.most)
    check_names(list(examples))
    with config_errors(args.config):
        detect = open_detector(DetectorFiles(
            args.config, args.weights, args.device), show_progress=False)
    words = vocabulary_of(detect, args.names) if args.names else None
    embedded = embed_examples(detect, examples, functools.partial(
        track_iter_progress, file=sys.stderr))
    around = None
    if words and len(examples) == 1:
        around = embed_around(detect, *examples.values())
    vocabulary = vocabulary_of_examples(
        embedded, words, around, meta_of(detect.model))
    vocabulary.save(args.out)
    return vocabulary


def main(argv: Optional[List[str]] = None) -> None:
    """Build a vocabulary, or say in one line why not."""
    args = parse_args(argv)
    need_file('config file', args.config)
    need_file('checkpoint', args.weights)
    need_file('folder or COCO file', args.examples, folder=True)
    quiet()
    with one_line_errors():
        vocabulary = build(args)
    counts = vocabulary.meta['examples']
    print(f'\n{args.out}: {len(vocabulary)} names, {len(counts)} of them with '
          f'{sum(counts.values())} examples')


if __name__ == '__main__':
    main()
