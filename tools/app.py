"""Try a detector in the browser, on this machine (`make app`).

    python tools/app.py [CONFIG --weights CHECKPOINT]

Without a config: the trained detector of emoji_world.
"""
import argparse
import sys
from pathlib import Path
from typing import List, Tuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from regionclip_mm.command_line import (config_errors, need_file,
                                        one_line_errors, positive, quiet)

CONFIG = 'projects/emoji_world/configs/regionclip_nano.py'
WEIGHTS = 'projects/emoji_world/weights/regionclip_nano.pth'
SCENES = 'data/emoji_world/images/demo'
WORDS = ('boat . tv . bottle . cat . bus . pizza',
         'apple . pea pod . teddy bear . vase . zebra . cup',
         'dog . umbrella . car . banana . clock . bird')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', nargs='?',
                        help=f'config of a RegionCLIP (default: {CONFIG})')
    parser.add_argument('--weights', help='its checkpoint')
    parser.add_argument('--device', help='default: the best there is')
    parser.add_argument('--port', type=positive, default=7860,
                        help='default: %(default)s')
    args = parser.parse_args()
    if args.config and not args.weights:
        parser.error('give the checkpoint of the config, too: --weights')
    return args


def examples_of_the_world() -> List[Tuple[str, str]]:
    """Scenes that are there, and words for them."""
    scenes = sorted((ROOT / SCENES).glob('*.png'))
    return [(str(path), words) for path, words in zip(scenes, WORDS)]


def main() -> None:
    args = parse_args()
    config = args.config or str(ROOT / CONFIG)
    weights = args.weights or str(ROOT / WEIGHTS)
    need_file('config file', config)
    need_file('checkpoint', weights)
    quiet()
    with one_line_errors(), config_errors(config):
        from regionclip_mm.apis import RegionInferencer
        from regionclip_mm.apis.page import (check_port, import_gradio, launch,
                                             make_page)
        from regionclip_mm.apis.page_answers import PageAnswers
        import_gradio()
        check_port(args.port)
        answers = PageAnswers(RegionInferencer(
            config, weights, device=args.device, show_progress=False))
        examples = [] if args.config else examples_of_the_world()
        page = make_page(answers, examples, WORDS[0] if examples else '')
    with one_line_errors():
        launch(page, args.port, [str(ROOT / SCENES)])


if __name__ == '__main__':
    main()
