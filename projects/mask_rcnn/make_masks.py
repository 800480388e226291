"""Write emoji_world's annotations with masks, beside those with boxes.

    python projects/mask_rcnn/make_masks.py
"""
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from pycocotools import mask as coco_mask

from projects.emoji_world.emoji_world.plans import make_plan
from projects.emoji_world.emoji_world.render import masks
from projects.emoji_world.tools.make_scenes import write_whole
from regionclip_mm.command_line import need_file, one_line_errors

FOLDER = Path('data/emoji_world/annotations')
FILES = dict(rpn_train_base='rpn_train', eval_coco='eval')  # -> split


def with_masks(document: dict, split: str) -> dict:
    """Annotations of a file with ``segmentation`` (RLE) and its ``area``.

    Args:
        document: COCO's format; objects of an image in the order of its plan.
        split: Whose scenes it annotates.
    """
    wanted = {category['id'] for category in document['categories']}
    rows = {image['id']: [] for image in document['images']}
    for row in document['annotations']:
        rows[row['image_id']].append(row)
    for image_id, own in rows.items():
        plan = make_plan(split, image_id)
        seen = [mask for placed, mask in zip(plan.objects, masks(plan))
                if placed.concept + 1 in wanted]
        for row, mask in zip(own, seen, strict=True):
            rle = coco_mask.encode(np.asfortranarray(mask))
            row['segmentation'] = dict(rle, counts=rle['counts'].decode())
            row['area'] = int(mask.sum())
    return document


def main() -> None:
    for name, split in FILES.items():
        path = FOLDER / f'{name}.json'
        need_file('annotations (of make_scenes.py)', str(path))
        document = with_masks(json.loads(path.read_text()), split)
        write_whole(FOLDER / f'{name}_masks.json',
                    json.dumps(document).encode())
        print(f'{len(document["annotations"])} masks of {name}', flush=True)


if __name__ == '__main__':
    with one_line_errors():
        main()
