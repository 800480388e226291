"""Category ids of an annotation file in the order of the class names."""
import difflib
from typing import Iterable, Iterator, List, Mapping, Sequence

from mmdet.datasets.api_wrappers import COCO

from ..io.json_files import (ANNOTATION, IMAGE, check_categories, check_items,
                             read_json, refuse_repeated)
from ..io.wording import listed
from ..text import canonical_name


def category_ids(categories: Iterable[Mapping],
                 classes: Sequence[str],
                 source: str = 'the annotation file') -> List[int]:
    """Category ids of ``classes``: entry k is the id of label k.

    mmdet takes the ids in the order of the file and leaves out names that the
    file does not have. Dataset and metric of this package both call this
    function instead, so neither the order nor the values of the ids matter.

    Args:
        categories: The ``categories`` list of a COCO or LVIS json.
        classes: Class names in label order.
        source: The file, for error messages.

    Raises:
        ValueError: If a name is missing, or given twice.
    """
    categories = list(categories)
    check_categories(categories, source)
    names = [canonical_name(category['name']) for category in categories]
    ids = dict(zip(names, (category['id'] for category in categories)))
    wanted = [canonical_name(name) for name in classes]
    refuse_repeated(names, 'names', f'{source}, categories')
    refuse_repeated(wanted, 'names', 'metainfo.classes')
    missing = [name for name in wanted if name not in ids]
    if missing:
        raise ValueError(_missing_message(missing, names, source))
    return [ids[name] for name in wanted]


def _missing_message(missing: List[str], known: List[str],
                     source: str) -> str:
    """Which names the file lacks, what they may mean, what to change."""
    shown = []
    spelt = {name.casefold(): name for name in known}
    for name in missing[:10]:
        near = difflib.get_close_matches(name.casefold(), spelt, n=1)
        shown.append(f'{name!r} (nearest: {spelt[near[0]]!r})' if near else
                     repr(name))
    if len(missing) > len(shown):
        shown.append(f'and {len(missing) - len(shown)} more')
    return (f"{len(missing)} of the dataset's classes are not among the "
            f'{len(known)} categories of {source}: {", ".join(shown)}. '
            'Correct metainfo.classes or split of the dataset (train_classes '
            'or test_classes, where the config has these), or its ann_file. '
            f'The file has: {listed(known, 10)}')


def strays(data: dict) -> Iterator[str]:
    """Says which annotations belong to no image, or to no category.

    Args:
        data: An annotation file with ``annotations``.
    """
    for key, part in (('image_id', 'images'), ('category_id', 'categories')):
        known = {item['id'] for item in data[part]}
        stray = [a['id'] for a in data['annotations'] if a[key] not in known]
        if stray:
            yield (f'{len(stray)} annotations have a {key} that is not in '
                   f'{part}, e.g. annotation {stray[0]}')


def read_api_file(path: str) -> dict:
    """Read an annotation file that may lack annotations (a test set).

    Raises:
        ValueError: If it is none, or a part of it is malformed.
    """
    data = read_json(path)
    missing = [key for key in ('images', 'categories')
               if not isinstance(data, dict) or not data.get(key)]
    if missing:
        raise ValueError(
            f'{path} has no {" and no ".join(missing)}: it is not a '
            'COCO-format annotation file, or an empty one. Check ann_file of '
            'the dataset')
    check_items(data, 'images', IMAGE, path)
    check_categories(data['categories'], path)
    if 'annotations' in data:
        check_items(data, 'annotations', ANNOTATION, path)
    return data


class ClassOrderCOCO(COCO):
    """mmdet's COCO api, answering in the order of the names asked for.

    Args:
        annotation_file: Path of a COCO-format json.
    """

    def __init__(self, annotation_file: str) -> None:
        super().__init__()
        self.source = annotation_file
        self.dataset = read_api_file(annotation_file)
        self.createIndex()
        self.img_ann_map, self.cat_img_map = self.imgToAnns, self.catToImgs

    def get_cat_ids(self,
                    cat_names: Sequence[str] = (),
                    sup_names: Sequence[str] = (),
                    cat_ids: Sequence[int] = ()) -> List[int]:
        """Category ids in the order of ``cat_names``; or as pycocotools."""
        if not cat_names:
            return super().get_cat_ids(cat_names, sup_names, cat_ids)
        return category_ids(self.dataset['categories'], cat_names,
                            self.source)
