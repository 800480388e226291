"""Write scenes as PNG files with COCO annotations (all: 60 s, 750 MB).

    python projects/emoji_world/tools/make_scenes.py [SPLIT ...]

Writes ``data/emoji_world/images/SPLIT/*.png`` and
``data/emoji_world/annotations/SPLIT_{coco,all}.json``
(``SPLIT_{base,captions,coco,rpn}.json`` for those to train on), and
``data/emoji_world/clip_nano.pth``, the weights that pretraining begins with.
What is there is kept; each file is written whole or not at all.
"""
import argparse
import functools
import json
import os
import sys
import uuid
from pathlib import Path
from typing import Callable, Dict

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

import cv2

from projects.emoji_world.emoji_world import coco
from projects.emoji_world.emoji_world.plans import make_plan
from projects.emoji_world.emoji_world.render import render
from projects.emoji_world.emoji_world.splits import SPLITS
from projects.emoji_world.emoji_world.weights import CLIP_NANO, write_clip_nano
from regionclip_mm.command_line import one_line_errors
from regionclip_mm.io.files import remove_leftovers

SCENE_SPLITS = [name for name, s in SPLITS.items() if s.kind == 'scene']


def write_split(split: str, root: Path) -> None:
    """Write the images, then the annotation files, that a split lacks."""
    write_images(split, root)
    for kind, document in documents_of(split).items():
        path = root / 'annotations' / f'{split}_{kind}.json'
        if not path.exists():
            write_whole(path, json.dumps(document()).encode())


def documents_of(split: str) -> Dict[str, Callable[[], dict]]:
    """Kind of annotation file -> what makes its content."""
    size = SPLITS[split].size
    if split == 'captions_train':
        return dict(
            captions=functools.partial(coco.caption_file, split, size))
    if split.startswith('rpn'):
        return dict(
            rpn=functools.partial(coco.proposal_file, split, size),
            base=functools.partial(coco.transfer_file, split, size),
            coco=functools.partial(coco.detection_file, split, size, 'coco'))
    return {vocabulary: functools.partial(coco.detection_file, split, size,
                                          vocabulary)
            for vocabulary in coco.VOCABULARIES}


def write_images(split: str, root: Path) -> None:
    """Draw the scenes of a split that are not there."""
    folder = root / 'images' / split
    there = {path.name for path in folder.glob('*.png')}
    remove_leftovers(folder, 'tmp')
    for index in range(SPLITS[split].size):
        path = root / 'images' / coco.image_name(split, index)
        if path.name not in there:
            done, content = cv2.imencode('.png', render(make_plan(
                split, index)), [cv2.IMWRITE_PNG_COMPRESSION, 1])
            if not done:
                raise RuntimeError(f'{path} could not be encoded')
            write_whole(path, content.tobytes())


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that nobody sees before it is complete.

    Raises:
        OSError: Naming the file, for example if the disk is full.
    """
    partial = path.with_name(f'{path.name}.{uuid.uuid4().hex}.tmp')
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(content)
        os.replace(partial, path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise OSError(f'{path} could not be written: '
                      f'{error.strerror or error}') from error


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('splits', nargs='*', metavar='SPLIT',
                        help=f'any of {", ".join(SCENE_SPLITS)}; default: all')
    parser.add_argument('--root', type=Path, default='data/emoji_world')
    args = parser.parse_args()
    unknown = set(args.splits) - set(SCENE_SPLITS)
    if unknown:
        parser.error(f'no scenes are called {", ".join(sorted(unknown))}; '
                     f'there are: {", ".join(SCENE_SPLITS)}')
    for split in args.splits or SCENE_SPLITS:
        write_split(split, args.root)
        print(f'{split}: {SPLITS[split].size} scenes in '
              f'{args.root / "images" / split}')
    clip = args.root / CLIP_NANO.name
    write_clip_nano(clip)
    print(f'weights of CLIP-nano: {clip}')


if __name__ == '__main__':
    with one_line_errors():
        main()
