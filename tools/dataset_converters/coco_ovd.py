"""Splits COCO 2017 into 48 base and 17 novel classes.

    python tools/dataset_converters/coco_ovd.py data/coco

Reads annotations/instances_{train,val}2017.json and writes next to them, in
the layout of the files that OVR-CNN and RegionCLIP use:

    ovd_ins_train2017_b.json    base classes, for training
    ovd_ins_val2017_all.json    all 65 classes (4836 images)
    ovd_ins_val2017_b.json      base classes
    ovd_ins_val2017_t.json      novel (target) classes

Each keeps only images with an object of its classes. Also writes the class
names, coco_{65,48_base,17_novel}.txt.
"""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from regionclip_mm.datasets import COCO_ALL_65, COCO_BASE_48, COCO_NOVEL_17
from regionclip_mm.datasets.annotation_files import (read_annotations,
                                                     select_classes,
                                                     write_annotations,
                                                     write_whole)

CLASSES = dict(all=COCO_ALL_65, b=COCO_BASE_48, t=COCO_NOVEL_17)
PARTS = dict(train=('b', ), val=('all', 'b', 't'))
NAME_FILES = {
    'coco_65.txt': COCO_ALL_65,
    'coco_48_base.txt': COCO_BASE_48,
    'coco_17_novel.txt': COCO_NOVEL_17
}


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'data_root', type=Path, help='folder with annotations/')
    parser.add_argument(
        '--out-dir', type=Path, help='default: DATA_ROOT/annotations')
    parser.add_argument(
        '--parts', nargs='+', choices=PARTS, default=list(PARTS),
        help='which original files to split; default: both')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    folder = args.data_root / 'annotations'
    out_dir = args.out_dir or folder
    for part in args.parts:
        path = folder / f'instances_{part}2017.json'
        print(f'reading {path}', flush=True)
        data = read_annotations(path)
        for split in PARTS[part]:
            write_annotations(
                out_dir / f'ovd_ins_{part}2017_{split}.json',
                select_classes(data, CLASSES[split], str(path)))
    for name, classes in NAME_FILES.items():
        write_whole(out_dir / name, '\n'.join(classes) + '\n')


if __name__ == '__main__':
    try:
        main()
    except (OSError, ValueError) as error:
        raise SystemExit(f'coco_ovd.py: {error}')
