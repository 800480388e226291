"""Category ids of an annotation file in the order of the class names."""
import difflib
from collections import Counter
from typing import Iterable, List, Mapping, Sequence

from mmdet.datasets.api_wrappers import COCO

from .ov_splits import LVIS_SPELLING


def category_ids(categories: Iterable[Mapping], classes: Sequence[str], source: str = 'the annotation file') -> List[int]:
    """Category ids of `classes`, in the order of `classes`: entry k is the id that label k stands for.

    mmdet takes the ids in the order of the file and leaves out names that the file does not have. Dataset and metric
    of this package both call this function instead, so neither the order nor the values of the ids matter.

    Args:
        categories: the `categories` list of a COCO or LVIS json.
        classes: class names in label order.
        source: the file, for error messages.
    """
    ids = {}
    for category in categories:
        name = LVIS_SPELLING.get(category['name'], category['name'])
        if name in ids:
            raise ValueError(f'two categories of {source} are called {name!r}')
        ids[name] = category['id']
    classes = [LVIS_SPELLING.get(name, name) for name in classes]
    repeated = [name for name, times in Counter(classes).items() if times > 1]
    if repeated:
        raise ValueError(f'class names appear twice in metainfo.classes: {repeated[:10]}')
    missing = [name for name in classes if name not in ids]
    if missing:
        raise ValueError(_missing_message(missing, list(ids), source))
    return [ids[name] for name in classes]


def _missing_message(missing: List[str], known: List[str], source: str) -> str:
    """Says which names are not in the file, what they may have meant, and what to change."""
    shown = []
    for name in missing[:10]:
        near = difflib.get_close_matches(name, known, n=1)
        shown.append(f'{name!r} (nearest: {near[0]!r})' if near else repr(name))
    more = f' and {len(missing) - 10} more' if len(missing) > 10 else ''
    return (f'{len(missing)} of the dataset\'s classes are not among the {len(known)} categories of {source}: '
            f'{", ".join(shown)}{more}. Correct metainfo.classes or split of the dataset config, or its ann_file')


class ClassOrderCOCO(COCO):
    """mmdet's COCO api, whose `get_cat_ids` answers in the order of the names and refuses names it does not have.

    Args:
        annotation_file: path of a COCO-format json.
    """

    def __init__(self, annotation_file: str) -> None:
        self.source = annotation_file
        super().__init__(annotation_file)
        missing = [key for key in ('images', 'categories') if not self.dataset.get(key)]
        if missing:
            raise ValueError(f'{annotation_file} has no {" and no ".join(missing)}: it is not a COCO-format annotation '
                             'file, or an empty one. Check ann_file of the dataset config')

    def get_cat_ids(self, cat_names: Sequence[str] = (), sup_names: Sequence[str] = (),
                    cat_ids: Sequence[int] = ()) -> List[int]:
        """Category ids in the order of `cat_names`; without names, as pycocotools."""
        if not cat_names:
            return super().get_cat_ids(cat_names, sup_names, cat_ids)
        return category_ids(self.dataset['categories'], cat_names, self.source)
