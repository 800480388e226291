"""Splits LVIS v1 into 866 base (common, frequent) and 337 novel classes.

    python tools/dataset_converters/lvis_ovd.py data/lvis_v1

Reads annotations/lvis_v1_train.json and writes next to it

    lvis_v1_train_base.json      the 866 base classes alone
    lvis_v1_train_norare.json    all 1203 classes, rare objects left out
    lvis_1203.txt, lvis_866_base.txt, lvis_337_novel.txt    class names

Testing uses the original lvis_v1_val.json. Which classes are rare is taken
from the file (`frequency`).
"""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from regionclip_mm.datasets import LVIS_ALL_1203, lvis_rare_names
from regionclip_mm.datasets.annotation_files import (only, read_annotations,
                                                     select_classes,
                                                     write_annotations,
                                                     write_whole)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'data_root', type=Path, help='folder with annotations/')
    parser.add_argument(
        '--out-dir', type=Path, help='default: DATA_ROOT/annotations')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    path = args.data_root / 'annotations' / 'lvis_v1_train.json'
    out_dir = args.out_dir or path.parent
    print(f'reading {path}', flush=True)
    data = read_annotations(path)
    rare = frozenset(lvis_rare_names(data['categories'], str(path)))
    base = [name for name in LVIS_ALL_1203 if name not in rare]
    base_part = select_classes(data, base, str(path))
    write_annotations(out_dir / 'lvis_v1_train_base.json', base_part)
    base_ids = [category['id'] for category in base_part['categories']]
    write_annotations(
        out_dir / 'lvis_v1_train_norare.json',
        dict(data, annotations=only(data['annotations'], 'category_id',
                                    base_ids)))
    for name, classes in (('lvis_1203.txt', LVIS_ALL_1203),
                          ('lvis_866_base.txt', base),
                          ('lvis_337_novel.txt',
                           [n for n in LVIS_ALL_1203 if n in rare])):
        write_whole(out_dir / name, '\n'.join(classes) + '\n')
        print(f'{out_dir / name}: {len(classes)} names')


if __name__ == '__main__':
    try:
        main()
    except (OSError, ValueError) as error:
        raise SystemExit(f'lvis_ovd.py: {error}')
