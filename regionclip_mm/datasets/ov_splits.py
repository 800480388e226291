"""Class names of the open-vocabulary benchmarks, each in its one order.

Dataset, vocabulary and metric share this order. COCO: the 48 base and 17
novel classes of Bansal et al. (ECCV 2018), in COCO id order. LVIS v1: 1203
classes in LVIS id order; which of them are rare (novel) is written in the
annotation file, so it is read from there.
"""
from typing import Iterable, Mapping, Tuple

from mmdet.datasets import LVISV1Dataset

from ..io.json_files import check_categories
from ..text import canonical_name

Names = Tuple[str, ...]

COCO_NOVEL_17: Names = (
    'airplane', 'bus', 'cat', 'dog', 'cow', 'elephant', 'umbrella', 'tie',
    'snowboard', 'skateboard', 'cup', 'knife', 'cake', 'couch', 'keyboard',
    'sink', 'scissors')

COCO_ALL_65: Names = (
    'person', 'bicycle', 'car', 'motorcycle', 'airplane', 'bus', 'train',
    'truck', 'boat', 'bench', 'bird', 'cat', 'dog', 'horse', 'sheep', 'cow',
    'elephant', 'bear', 'zebra', 'giraffe', 'backpack', 'umbrella', 'handbag',
    'tie', 'suitcase', 'frisbee', 'skis', 'snowboard', 'kite', 'skateboard',
    'surfboard', 'bottle', 'cup', 'fork', 'knife', 'spoon', 'bowl', 'banana',
    'apple', 'sandwich', 'orange', 'broccoli', 'carrot', 'pizza', 'donut',
    'cake', 'chair', 'couch', 'bed', 'toilet', 'tv', 'laptop', 'mouse',
    'remote', 'keyboard', 'microwave', 'oven', 'toaster', 'sink',
    'refrigerator', 'book', 'clock', 'vase', 'scissors', 'toothbrush')

COCO_BASE_48: Names = tuple(
    name for name in COCO_ALL_65 if name not in COCO_NOVEL_17)

LVIS_ALL_1203: Names = tuple(
    map(canonical_name, LVISV1Dataset.METAINFO['classes']))


def lvis_rare_names(categories: Iterable[Mapping],
                    source: str = 'the annotation file') -> Names:
    """Names of the rare (novel) categories of an LVIS file, in file order.

    Args:
        categories: Entries with ``name`` and ``frequency`` (r, c or f).
        source: Where they come from, for the error message.
    """
    categories, rare = list(categories), []
    check_categories(categories, source)
    for category in categories:
        name, frequency = category['name'], category.get('frequency')
        if frequency not in ('r', 'c', 'f'):
            raise ValueError(
                f'category {name!r} of {source} has frequency {frequency!r}; '
                "an LVIS v1 file says 'r', 'c' or 'f'. Is this a COCO file? "
                'Use OVCocoDataset for those')
        if frequency == 'r':
            rare.append(canonical_name(name))
    return tuple(rare)
