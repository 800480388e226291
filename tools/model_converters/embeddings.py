"""Released class embeddings (a bare tensor) + their names -> vocabulary file.

    python tools/model_converters/embeddings.py \\
        coco_65_cls_emb.pth data/vocabularies/coco_65_rn50.pth --split coco_65
    python tools/model_converters/embeddings.py \\
        lvis_866_base_cls_emb.pth data/vocabularies/lvis_866_rn50.pth \\
        --json lvis_v1_val.json --frequencies cf
    python tools/model_converters/embeddings.py \\
        googlecc_nouns_6250_emb.pth data/vocabularies/nouns_rn50.pth \\
        --txt googlecc_nouns_6250.txt

The names must be those that the rows were made from, in the same order.
"""
import argparse
from typing import Sequence

from _report import converter, new_parser

from regionclip_mm.checkpoint import convert_embeddings
from regionclip_mm.checkpoint.embeddings import (names_from_json,
                                                 names_from_text)
from regionclip_mm.datasets import ov_splits

SPLITS = {
    'coco_48_base': ov_splits.COCO_BASE_48,
    'coco_17_target': ov_splits.COCO_NOVEL_17,
    'coco_65': ov_splits.COCO_ALL_65,
    'lvis_1203': ov_splits.LVIS_ALL_1203,
}


def parse_args() -> argparse.Namespace:
    parser = new_parser(__doc__)
    parser.add_argument('source', help='file of a bare tensor (K, D)')
    parser.add_argument('out', help='vocabulary file to write')
    names = parser.add_mutually_exclusive_group(required=True)
    names.add_argument('--split', choices=SPLITS, help='names of a benchmark')
    names.add_argument('--json', help='annotations with the categories, '
                       'taken in the order of their ids')
    names.add_argument('--txt', help='names, one a line')
    parser.add_argument('--frequencies', default='cfr', help='with an LVIS '
                        "json: 'cf' takes the 866 base classes")
    return parser.parse_args()


def read_names(args: argparse.Namespace) -> Sequence[str]:
    if args.split:
        return SPLITS[args.split]
    if args.json:
        return names_from_json(args.json, args.frequencies)
    return names_from_text(args.txt)


@converter
def main() -> None:
    args = parse_args()
    source = args.split or args.json or args.txt
    vocabulary = convert_embeddings(args.source, read_names(args), source)
    vocabulary.save(args.out)
    print(f'wrote {args.out}: {vocabulary}')


if __name__ == '__main__':
    main()
