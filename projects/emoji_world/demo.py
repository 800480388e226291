"""Find words in scenes that no training has seen (``make demo``).

    python projects/emoji_world/demo.py --words "cat . dog . space invader"

Draws what the shipped detector finds in 12 scenes; without words, it then
measures its AP50 on the 200 scenes of the fixed evaluation set. Half a minute
on 2 idle cores, some minutes on busy ones.
"""
import argparse
import os
import shlex
import sys
import time
from pathlib import Path
from typing import (TYPE_CHECKING, Iterable, List, Mapping, Optional, Sequence,
                    Tuple, Union)

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from regionclip_mm.command_line import need_file, one_line_errors, quiet

if TYPE_CHECKING:  # heavy: imported where it is needed
    from mmengine.config import Config

PROJECT = ROOT / 'projects' / 'emoji_world'
CONFIG = PROJECT / 'configs' / 'regionclip_nano.py'
WEIGHTS = PROJECT / 'weights' / 'regionclip_nano.pth'
SCENES = 12
LISTED = 20  # words to name of each kind


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--words', help='what to look for, separated by " . "'
                        '; by default the COCO names')
    parser.add_argument('--images', default=None,
                        help='your own image or folder; default: 12 scenes, '
                        'with words those that show them')
    parser.add_argument('--out', help='folder of the pictures; default: '
                        'outputs/demo, with words a folder for these in '
                        'outputs/demo_words')
    parser.add_argument('--score-thr', type=float, default=0.5,
                        help='least score to draw')
    parser.add_argument('--no-ap', action='store_true',
                        help='leave out the AP, as with words or images')
    return parser.parse_args()


def read_words(text: Optional[str]) -> Tuple[str, ...]:
    """What to look for; by default the COCO names."""
    from projects.emoji_world.emoji_world.concepts import names
    from regionclip_mm.apis import names_of_text
    return names('base', 'novel') if text is None else names_of_text(text)


def out_folder(args: argparse.Namespace, words: Sequence[str]) -> Path:
    """Where the pictures go; each set of words has a folder of its own."""
    from projects.emoji_world.emoji_world.pictures import folder_name
    if args.out is not None:
        return Path(args.out)
    if args.words is None:
        return Path('outputs/demo')
    return Path('outputs/demo_words') / folder_name(words)


def choose(args: argparse.Namespace, words: Sequence[str],
           data: Path) -> Tuple[Union[str, List[str]], Optional[list]]:
    """Paths of the images to show, and which scenes these are, if they are
    scenes; scenes are written if need be."""
    from projects.emoji_world.emoji_world.choice import scenes_of
    from projects.emoji_world.emoji_world.coco import image_name
    from projects.emoji_world.tools.make_scenes import write_split
    if args.images:
        return args.images, None
    scenes = scenes_of([] if args.words is None else words, SCENES)
    for split in dict.fromkeys(split for split, _ in scenes):
        write_split(split, data)
    return [str(data / 'images' / image_name(*scene))
            for scene in scenes], scenes


def draw(args: argparse.Namespace, words: Sequence[str],
         images: Union[str, List[str]],
         out: Path) -> Tuple[Mapping[str, int], int]:
    """Detect and write the annotated pictures.

    All names of the world take part, so that a thing that was not asked for
    need not be called by the likest of the few words that were.

    Returns:
        How often each word is drawn, and the number of pictures.
    """
    from projects.emoji_world.emoji_world.choice import rivals
    from projects.emoji_world.emoji_world.pictures import draw_all
    from regionclip_mm.apis import RegionInferencer
    print(f'Looking for: {" . ".join(words)}', flush=True)
    detect = RegionInferencer(str(CONFIG), str(WEIGHTS), device='cpu',
                              show_progress=False)
    found = detect(images, vocabulary=[*words, *rivals(words)],
                   return_datasamples=True, no_save_vis=True)['predictions']
    for sample in found:
        instances = sample.pred_instances
        sample.pred_instances = instances[instances.labels < len(words)]
    return draw_all(found, args.score_thr, out), len(found)


def tell(args: argparse.Namespace, words: Sequence[str],
         drawn: Mapping[str, int], scenes: Optional[list]) -> None:
    """Print how often each word was found, and why others were not.

    Args:
        args: The arguments of the program.
        words: What was looked for.
        drawn: How often each was found.
        scenes: The scenes that were shown; None for images of which nothing
            is known.
    """
    there = [f'{word} {drawn[word]}' for word in words if drawn.get(word)]
    print(f'Found, with scores above {args.score_thr:g}: '
          f'{", ".join(there) or "nothing"}')
    for line in reasons(args, words, drawn, scenes):
        print(line)


def reasons(args: argparse.Namespace, words: Sequence[str],
            drawn: Mapping[str, int],
            scenes: Optional[list]) -> Iterable[str]:
    """Lines on the words that were not found, or not to be found."""
    from projects.emoji_world.emoji_world import choice
    from regionclip_mm.io.wording import listed
    if scenes is None:
        foreign = choice.foreign(words)
        missed = [word for word in words
                  if not drawn.get(word) and word not in foreign]
        groups = [('Not found', missed)]
    else:
        missed, elsewhere, nowhere, foreign = choice.account(words, drawn,
                                                             scenes)
        groups = [('Not found, though a scene shows it', missed)]
        if args.words is not None:
            groups += [(f'Shown only in scenes other than these {len(scenes)}',
                        elsewhere),
                       ('A name of this world, but no scene shows it',
                        nowhere)]
    groups.append(('Not a name of this world, so found at best by chance',
                   foreign))
    for what, which in groups:
        if which:
            yield f'{what}: {listed(which, LISTED, str)}'
    if foreign:
        yield '  (all its names: projects/emoji_world/assets/concepts.json)'
    if missed and args.score_thr > 0:
        yield f'To see what is less sure: {less_sure(args)}'


def less_sure(args: argparse.Namespace) -> str:
    """The command line with a lower threshold, without the AP."""
    least = 0.3 if args.score_thr > 0.3 else args.score_thr / 2
    parts = [near(sys.executable), near(__file__), '--score-thr',
             f'{least:g}']
    for flag in ('words', 'images', 'out'):
        if getattr(args, flag) is not None:
            parts += [f'--{flag}', getattr(args, flag)]
    if args.words is None and args.images is None:
        parts.append('--no-ap')
    return shlex.join(parts)


def near(path: str) -> str:
    """A path, relative if it is below the working folder."""
    path, here = os.path.abspath(path), os.path.join(os.getcwd(), '')
    return path[len(here):] if path.startswith(here) else path


def watched(steps: Sequence) -> Iterable:
    """The steps, with a line on stderr now and then."""
    total, start = len(steps), time.time()
    for number, step in enumerate(steps, 1):
        yield step
        if number % 50 == 0 or number == total:
            print(f'  {number} of {total} scenes, '
                  f'{time.time() - start:.0f} s', file=sys.stderr, flush=True)


def measure(config: 'Config') -> None:
    """Print AP50 on the evaluation scenes."""
    from projects.emoji_world.emoji_world import measures
    print('Measuring on 200 unseen scenes (vocabulary: the COCO names) ...',
          flush=True)
    detector = measures.load_detector(config, str(WEIGHTS))
    ap = measures.average_precision(detector, config, 'eval', 'coco',
                                    watched)
    print('zero-shot AP50 with RPN boxes:  ' + '   '.join(
        f'{part} {100 * ap[part]:.1f}' for part in ('base', 'novel', 'all')))


def main() -> None:
    args, start = parse_args(), time.time()
    need_file('image or folder', args.images, folder=True)
    quiet()
    print('Loading torch and mmdet, making the scenes ...', flush=True)
    words = read_words(args.words)
    import torch
    from mmengine.config import Config
    from mmengine.utils import import_modules_from_strings
    torch.set_num_threads(min(torch.get_num_threads(), 4))
    config = Config.fromfile(CONFIG)
    import_modules_from_strings(**config.custom_imports)
    from projects.emoji_world.tools.make_scenes import write_split
    from regionclip_mm.apis.out_dir import check_out_dir
    out = out_folder(args, words)
    check_out_dir(out)
    data = Path(config.test_dataloader.dataset.data_root)
    images, scenes = choose(args, words, data)
    drawn, count = draw(args, words, images, out)
    tell(args, words, drawn, scenes)
    print(f'{count} annotated {"picture is" if count == 1 else "pictures are"}'
          f' in {out.resolve()}')
    if not (args.no_ap or args.images) and args.words is None:
        write_split('eval', data)
        measure(config)
    print(f'{time.time() - start:.0f} s')


if __name__ == '__main__':
    with one_line_errors():
        main()
