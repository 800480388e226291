"""What the open-vocabulary datasets add to mmdet's."""
from collections import Counter
from logging import WARNING
from os import path as osp
from typing import Any, List

from mmengine.logging import print_log
from mmengine.utils import is_abs
from PIL.Image import DecompressionBombError

from ..io.json_files import IMAGE_TO_LOAD, check_items
from .class_order import ClassOrderCOCO, strays
from .proposal_files import (check_all_have_proposals, check_size, image_key,
                             proposals_of, read_proposals)

SPLITS = ('all', 'base', 'novel')
FILTERS = ('filter_empty_gt', 'min_size')


class OpenVocabularyMixin:
    """Classes in the order of their names, divided into base and novel.

    Label k stands for ``metainfo['classes'][k]``, whatever the order and the
    ids of the categories in the file. Mix it into a subclass of mmdet's
    ``CocoDataset``.

    Args:
        args: Positional arguments of mmdet's dataset.
        split: Which classes are annotated: 'all', 'base' or 'novel'.
        kwargs: Keyword arguments of mmdet's dataset. ``filter_cfg`` also
            holds when testing, so that ``dict(filter_empty_gt=True)`` leaves
            out images without an object of these classes.
    """

    def __init__(self, *args: Any, split: str = 'all', **kwargs: Any) -> None:
        if split not in SPLITS:
            raise ValueError(f'dataset.split={split!r} is unknown; choose one '
                             f'of {", ".join(map(repr, SPLITS))}')
        self.split = split
        super().__init__(*args, **kwargs)

    @property
    def metainfo(self) -> dict:
        """``classes`` of this split in label order; which are base, novel."""
        info = super().metainfo
        for key in ('classes', 'base_classes', 'novel_classes'):
            _check_names_of(key, info[key])
        parts = {key: frozenset(info[f'{key}_classes'])
                 for key in ('base', 'novel')}
        wanted = parts.get(self.split, info['classes'])
        classes = tuple(name for name in info['classes'] if name in wanted)
        if not classes:
            raise ValueError(self._no_class_message(info['classes']))
        info['classes'] = classes
        for key, names in parts.items():
            info[f'{key}_classes'] = tuple(
                name for name in classes if name in names)
        return info

    def COCOAPI(self, annotation_file: str) -> ClassOrderCOCO:
        """Open the annotation file; mmdet's ``load_data_list`` calls this."""
        api = ClassOrderCOCO(annotation_file)
        images = [self.with_file_name(image)
                  for image in api.dataset['images']]
        check_items(dict(images=images), 'images', IMAGE_TO_LOAD,
                    annotation_file)
        annotations = api.dataset.get('annotations', ())
        self._annotated = Counter(a['category_id'] for a in annotations)
        for stray in strays(api.dataset) if annotations else ():
            print_log(f'{annotation_file}: {stray}; they are left out',
                      'current', WARNING)
        return api

    def with_file_name(self, image: dict) -> dict:
        """An entry of ``images`` as COCO writes it."""
        return image

    def load_proposals(self) -> None:
        """As mmdet's, which would run code that is in the file.

        The file may have other images, too; which images need an entry is
        known when they are filtered.
        """
        if not is_abs(self.proposal_file):
            self.proposal_file = osp.join(self.data_root or '',
                                          self.proposal_file)
        found = read_proposals(self.proposal_file, self.backend_args)
        for image in self.data_list:
            key = image_key(image['img_path'])
            if key in found:
                where = f'{self.proposal_file}: {key}'
                check_size(found[key], image, where)
                image['proposals'] = proposals_of(found[key], where)
        self._images_filed = len(found)

    def filter_data(self) -> List[dict]:
        """As mmdet's in training, at test time too; never leaves nothing."""
        unknown = sorted(set(self.filter_cfg or ()) - set(FILTERS))
        if unknown:
            raise ValueError(f'dataset.filter_cfg has {", ".join(unknown)}; '
                             f'it takes {", ".join(FILTERS)}')
        test_mode, self.test_mode = self.test_mode, False
        try:
            kept = super().filter_data()
        finally:
            self.test_mode = test_mode
        if not kept:
            why = ('' if any(image.get('instances')
                             for image in self.data_list)
                   else ': the file has no annotation of these classes')
            raise ValueError(
                f'{self.ann_file}: none of its {len(self.data_list)} images '
                f'passes filter_cfg={self.filter_cfg} with the '
                f'{len(self.cat_ids)} classes of the dataset{why}')
        if (self.filter_cfg or {}).get('filter_empty_gt'):
            self._check_boxes(kept)
        if self.proposal_file is not None:
            check_all_have_proposals(kept, self._images_filed,
                                     self.proposal_file)
        return kept

    def _check_boxes(self, kept: List[dict]) -> None:
        """Say how many boxes mmdet left out; raise if nothing is left."""
        annotated = sum(getattr(self, '_annotated', {}).get(i, 0)
                        for i in self.cat_ids)
        loaded = sum(len(image['instances']) for image in self.data_list)
        why = ('boxes less than a pixel wide or high, outside of the image '
               "(see its width and height in the file), or with an 'area' of "
               '0 are left out')
        if not any(instance['ignore_flag'] == 0 for image in kept
                   for instance in image['instances']):
            raise ValueError(
                f'{self.ann_file}: none of its {annotated or loaded} '
                'annotations of these classes is a box to learn from: '
                f'{why}, those with iscrowd are not learned')
        if loaded < annotated:
            print_log(f'{self.ann_file}: {annotated - loaded} of {annotated} '
                      f'annotations are not used: {why}', 'current', WARNING)

    def prepare_data(self, idx: int) -> Any:
        """Load item ``idx``; an unreadable one is named in the error."""
        try:
            return super().prepare_data(idx)
        except (OSError, AssertionError, KeyError, TypeError, ValueError,
                DecompressionBombError) as error:
            path = self.get_data_info(idx)['img_path']
            what = str(error) if isinstance(error, OSError) else repr(error)
            if error.args == ('mask', ):
                what = 'an object has no segmentation'
            raise RuntimeError(
                f'cannot load image {path} or its annotations (item {idx} of '
                f'{self.ann_file}): {what}. Restore the file, correct '
                'data_prefix, or correct or remove the image in the '
                'annotation file') from error

    def _no_class_message(self, names: tuple) -> str:
        unread = ('' if self._fully_initialized else
                  ' (the classes of an LVIS file are known once it is read: '
                  'lazy_init=False)')
        if not names:
            return f'metainfo.classes is empty: give at least one name{unread}'
        return (f'dataset.split={self.split!r} leaves no class: none of the '
                f'{len(names)} names in metainfo.classes is in '
                f'metainfo.{self.split}_classes{unread}')


def _check_names_of(key: str, names: Any) -> None:
    """Refuse ('cat'), which is a text, where ('cat', ) is meant."""
    if not isinstance(names, (list, tuple)) or not all(
            isinstance(name, str) for name in names):
        raise ValueError(f'metainfo.{key}={names!r}: give a tuple of texts, '
                         "for one class ('cat', )")
