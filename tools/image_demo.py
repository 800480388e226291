"""Find in images what words say; write pictures and predictions.json.

    python tools/image_demo.py photo.jpg CONFIG --weights CHECKPOINT \\
        --texts 'cat . traffic cone'

Options are called as in mmdet's demo/image_demo.py; those of RegionCLIP's
tools/visualize_json_results.py are known by their old names, too.
"""
import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence, Union

sys.path.insert(0, str(Path(__file__).parents[1]))

from regionclip_mm.command_line import (config_errors, give_up, need_file,
                                        one_line_errors, quiet)

if TYPE_CHECKING:  # heavy: imported where it is needed
    from regionclip_mm.apis import RegionInferencer
    from regionclip_mm.text import Vocabulary

SCORES = ('fused', 'class')
NO_NAMES = ('.csv', '.json', '.names', '.pt', '.yaml', '.yml')
PALETTES = ('coco', 'voc', 'citys', 'random', 'none')


def parse_args(argv: Optional[List[str]] = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('inputs', help='image file or folder')
    parser.add_argument(
        'model', help='config file, or name of a shipped one')
    parser.add_argument('--weights', required=True, help='checkpoint file')
    parser.add_argument(
        '--out-dir', default='outputs',
        help='folder of the results (default: %(default)s)')
    parser.add_argument('--device', help='default: the best there is')
    parser.add_argument(
        '--batch-size', type=int, default=1,
        help='images at a time (default: %(default)s); among images of '
        'unequal size scores near borders change a little')
    parser.add_argument('--palette', default='none', choices=PALETTES)
    parser.add_argument(
        '--cfg-options', nargs='+', default=[], metavar='KEY=VALUE',
        help="changes of the config, as in mmdet's tools")
    _add_words(parser)
    _add_selection(parser)
    for flag, meaning in (
            ('--show', 'show the pictures in a window'),
            ('--no-save-vis', 'write no pictures'),
            ('--no-save-pred', 'write no predictions.json'),
            ('--print-result', 'print the results')):
        parser.add_argument(flag, action='store_true', help=meaning)
    args = parser.parse_args(argv)
    for option in args.cfg_options:
        if '=' not in option:
            parser.error(f'--cfg-options takes KEY=VALUE, got {option!r}')
    return args


def _add_words(parser: argparse.ArgumentParser) -> None:
    words = parser.add_mutually_exclusive_group()
    words.add_argument(
        '--texts', help="what to look for, 'cat . traffic cone' or '$: lvis'")
    words.add_argument(
        '--vocabulary', nargs='+', metavar='NAME',
        help='what to look for: class names, a text file with one name a '
        'line, or a vocabulary file of tools/build_vocabulary.py')
    parser.add_argument(
        '--custom-entities', '-c', action='store_true',
        help='the text is nothing but names, whatever it looks like')
    parser.add_argument(
        '--chunked-size', '-s', type=int, default=-1,
        help='names to encode at a time (default: all)')


def _add_selection(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--pred-score-thr', '--conf-threshold', type=float, default=0.3,
        help='least score of the boxes drawn (default: %(default)s)')
    parser.add_argument(
        '--unique-boxes', '--show-unique-boxes', action='store_true',
        help='only the best label of each box')
    parser.add_argument(
        '--no-parts', action='store_true',
        help='no boxes that lie in a better one by half')
    parser.add_argument(
        '--max-boxes', type=int, default=-1,
        help='number of boxes per image, the best ones (default: all)')
    parser.add_argument(
        '--min-area', '--small-region-px', type=float, default=0,
        help='no boxes of fewer square pixels')
    parser.add_argument(
        '--scores', default='fused', choices=SCORES,
        help="score to show: 'fused' with objectness, or 'class', the "
        'probability of the class before that (default: %(default)s)')


def read_vocabulary(words: Optional[Sequence[str]]
                    ) -> 'Union[Vocabulary, Sequence[str], None]':
    """Names, or what is in a file if there is one word and it ends in
    ``.pth`` or ``.txt``."""
    if not is_file(words):
        return words
    from regionclip_mm.checkpoint.embeddings import names_from_text
    from regionclip_mm.text import Vocabulary
    if words[0].lower().endswith('.pth'):
        return Vocabulary.load(words[0])
    return names_from_text(words[0])


def is_file(words: Optional[Sequence[str]]) -> bool:
    """Whether --vocabulary names a file that can be read.

    A single word that looks like another file ends the program.
    """
    if not words or len(words) > 1:
        return False
    path = Path(words[0])
    if path.suffix.lower() in ('.pth', '.txt'):
        return True
    if ('/' in words[0] or path.suffix.lower() in NO_NAMES
            or path.is_file()):
        give_up(f'--vocabulary {words[0]} looks like a file that cannot be '
                'read: give class names, a text file with one name a line '
                '(.txt), or a vocabulary file of tools/build_vocabulary.py '
                '(.pth). For one class of this name: --texts')
    return False


def check_files(options: Dict[str, Any]) -> None:
    """Miss files before anything heavy is imported."""
    need_file('image or folder', options['inputs'], folder=True)
    if options['model'].endswith('.py'):
        need_file('config file', options['model'])
    need_file('checkpoint', options['weights'])
    if is_file(options['vocabulary']):
        need_file('vocabulary file', options['vocabulary'][0])


def build(model: str, cfg_options: Sequence[str],
          **options: Any) -> 'RegionInferencer':
    """Read the config, change it, and load the weights into its model."""
    from regionclip_mm.apis.open_detector import DetectorFiles, open_detector
    with config_errors(model):
        return open_detector(DetectorFiles(
            model, options.pop('weights'), options.pop('device'),
            tuple(cfg_options)), **options)


def main(argv: Optional[List[str]] = None) -> Dict[str, Any]:
    """Run the demo; returns what the inferencer does."""
    options = vars(parse_args(argv))
    check_files(options)
    quiet()
    parts = {key: options.pop(key) for key in (
        'model', 'cfg_options', 'weights', 'device', 'palette')}
    if options['no_save_vis'] and options['no_save_pred']:
        options['out_dir'] = ''
    options['vocabulary'] = read_vocabulary(options['vocabulary'])
    results = build(**parts)(**options)
    if options['out_dir']:
        print(f'The results are in {options["out_dir"]}.')
    return results


if __name__ == '__main__':
    with one_line_errors():
        main()
