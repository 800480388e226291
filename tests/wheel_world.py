"""Writes what the commands of tools/check_wheel.sh run on.

    python tests/wheel_world.py FOLDER

Pictures with boxes, words and weights, all random and tiny. Imports nothing
of the clone: regionclip_mm is the one that is installed.
"""
import json
import sys
from pathlib import Path

import torch
from coco_files import make_scenes, write_coco
from mmengine.config import Config
from mmengine.registry import init_default_scope
from PIL import Image

from mmdet.registry import MODELS
from regionclip_mm.apis import config_of
from regionclip_mm.datasets.ov_splits import COCO_ALL_65
from regionclip_mm.text import Vocabulary

NAMES = ('cat', 'dog', 'traffic cone')
SHIPPED = 'regionclip_rn50_gt_coco-ovd'


def write_data(annotations: Path, images: Path, names: tuple,
               count: int) -> None:
    """COCO-format annotations, and noisy pictures."""
    annotations.parent.mkdir(parents=True, exist_ok=True)
    images.mkdir(parents=True, exist_ok=True)
    scenes = make_scenes(names, images=count)
    write_coco(annotations, scenes, {n: i for i, n in enumerate(names, 1)})
    size = json.loads(annotations.read_text())['images'][0]
    shape = size['height'], size['width'], 3
    for scene in scenes:
        noise = torch.randint(0, 256, shape, dtype=torch.uint8).numpy()
        Image.fromarray(noise).save(images / f'{scene["id"]}.png')


def write_words(path: Path, names: tuple, dim: int) -> None:
    """A vocabulary file with random embeddings."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Vocabulary(names, torch.randn(len(names), dim)).save(path)


def write_weights(config: str, path: Path) -> None:
    """A checkpoint of random weights."""
    cfg = Config.fromfile(config)
    init_default_scope('mmdet')
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(dict(state_dict=MODELS.build(cfg.model).state_dict(), meta={}),
               path)


def main(folder: Path) -> None:
    """Write all of it."""
    torch.manual_seed(0)
    data = folder / 'data'
    for split, count in dict(train=4, val=2).items():
        write_data(data / f'custom/annotations/{split}.json',
                   data / 'custom' / split, NAMES, count)
    write_data(data / 'coco/annotations/ovd_ins_val2017_all.json',
               data / 'coco/val2017', COCO_ALL_65, 1)
    write_words(data / 'vocabularies/mine.pth', NAMES, 128)
    write_words(data / 'vocabularies/coco_65_rn50.pth', COCO_ALL_65, 1024)
    write_weights(config_of(SHIPPED, 'none')[0],
                  folder / 'checkpoints/shipped.pth')


if __name__ == '__main__':
    main(Path(sys.argv[1]))
