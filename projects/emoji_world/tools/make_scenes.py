"""Write scenes as PNG files with COCO annotations (all: 20 s, 250 MB).

    python projects/emoji_world/tools/make_scenes.py [SPLIT ...]

Writes ``data/emoji_world/images/SPLIT/*.png`` and
``data/emoji_world/annotations/SPLIT_{coco,all}.json``
(``SPLIT_{rpn,transfer}.json`` for the splits to train on). What is finished is
kept.
"""
import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

import cv2

from projects.emoji_world.emoji_world import coco
from projects.emoji_world.emoji_world.plans import make_plan
from projects.emoji_world.emoji_world.render import render
from projects.emoji_world.emoji_world.splits import SPLITS

SCENE_SPLITS = [name for name, s in SPLITS.items() if s.kind == 'scene']


def write_split(split: str, root: Path) -> None:
    """Write the images, then the annotation files, of one split."""
    size = SPLITS[split].size
    if split.startswith('rpn'):
        documents = dict(rpn=coco.proposal_file(split, size),
                         transfer=coco.transfer_file(split, size))
    else:
        documents = {v: coco.detection_file(split, size, v)
                     for v in coco.VOCABULARIES}
    paths = {v: root / 'annotations' / f'{split}_{v}.json' for v in documents}
    if not any(path.exists() for path in paths.values()):
        write_images(split, root)
    for vocabulary, document in documents.items():
        if not paths[vocabulary].exists():
            paths[vocabulary].parent.mkdir(parents=True, exist_ok=True)
            paths[vocabulary].write_text(json.dumps(document))


def write_images(split: str, root: Path) -> None:
    """Draw the scenes of a split."""
    (root / 'images' / split).mkdir(parents=True, exist_ok=True)
    for index in range(SPLITS[split].size):
        cv2.imwrite(str(root / 'images' / coco.image_name(split, index)),
                    render(make_plan(split, index)),
                    [cv2.IMWRITE_PNG_COMPRESSION, 1])


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


if __name__ == '__main__':
    main()
