"""What the open-vocabulary datasets add to mmdet's."""
from os import path as osp
from typing import Any, List

from mmengine.utils import is_abs

from ..io.json_files import IMAGE_TO_LOAD, check_items
from .class_order import ClassOrderCOCO
from .proposal_files import (check_all_have_proposals, image_key, proposals_of,
                             read_proposals)

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
                image['proposals'] = proposals_of(
                    found[key], f'{self.proposal_file}: {key}')
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
            raise ValueError(
                f'{self.ann_file}: none of its {len(self.data_list)} images '
                f'passes filter_cfg={self.filter_cfg} with the '
                f'{len(self.cat_ids)} classes of the dataset')
        if self.proposal_file is not None:
            check_all_have_proposals(kept, self._images_filed,
                                     self.proposal_file)
        return kept

    def prepare_data(self, idx: int) -> Any:
        """Load item ``idx``; an unreadable image is named in the error."""
        try:
            return super().prepare_data(idx)
        except (OSError, AssertionError) as error:
            path = self.get_data_info(idx)['img_path']
            raise RuntimeError(
                f'cannot load image {path} (item {idx} of {self.ann_file}): '
                f'{error}. Restore the file, correct data_prefix, or remove '
                'the image from the annotation file') from error

    def _no_class_message(self, names: tuple) -> str:
        unread = ('' if self._fully_initialized else
                  ' (the classes of an LVIS file are known once it is read: '
                  'lazy_init=False)')
        return (f'dataset.split={self.split!r} leaves no class: none of the '
                f'{len(names)} names in metainfo.classes is in '
                f'metainfo.{self.split}_classes{unread}')


def _check_names_of(key: str, names: Any) -> None:
    """Refuse ('cat'), which is a text, where ('cat', ) is meant."""
    if not isinstance(names, (list, tuple)) or not all(
            isinstance(name, str) for name in names):
        raise ValueError(f'metainfo.{key}={names!r}: give a tuple of texts, '
                         "for one class ('cat', )")
