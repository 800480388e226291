"""What the open-vocabulary datasets add to mmdet's."""
from typing import Any, List

from .class_order import ClassOrderCOCO

SPLITS = ('all', 'base', 'novel')


class OpenVocabularyMixin:
    """Classes in the order of their names, divided into base and novel.

    Label k stands for `metainfo['classes'][k]`, whatever the order and the ids of the categories in the file. Mix it
    into a subclass of mmdet's `CocoDataset`.

    Args:
        args: positional arguments of mmdet's dataset.
        split: which classes are annotated: 'all', 'base' or 'novel'.
        kwargs: keyword arguments of mmdet's dataset. `filter_cfg` also holds when testing, so that
            `dict(filter_empty_gt=True)` leaves out images without an object of these classes.
    """

    def __init__(self, *args: Any, split: str = 'all', **kwargs: Any) -> None:
        if split not in SPLITS:
            raise ValueError(f'dataset.split={split!r} is unknown; choose one of {", ".join(map(repr, SPLITS))}')
        self.split = split
        super().__init__(*args, **kwargs)

    @property
    def metainfo(self) -> dict:
        """`classes` of this split in label order; `base_classes` and `novel_classes` among them."""
        info = super().metainfo
        divided = {key: set(info[f'{key}_classes']) for key in ('base', 'novel')}
        classes = [name for name in info['classes'] if self.split == 'all' or name in divided[self.split]]
        if not classes:
            raise ValueError(
                f"dataset.split='{self.split}' leaves no class: none of the {len(info['classes'])} names in "
                f"metainfo.classes is in metainfo.{self.split}_classes" +
                ('' if self._fully_initialized else ' (an LVIS file must be read first: lazy_init=False)'))
        info['classes'] = tuple(classes)
        for key, names in divided.items():
            info[f'{key}_classes'] = tuple(name for name in classes if name in names)
        return info

    def COCOAPI(self, annotation_file: str) -> ClassOrderCOCO:
        """Opens the annotation file; mmdet's `load_data_list` calls this."""
        return ClassOrderCOCO(annotation_file)

    def filter_data(self) -> List[dict]:
        """As mmdet's in training, at test time too; refuses to leave nothing."""
        test_mode, self.test_mode = self.test_mode, False
        try:
            kept = super().filter_data()
        finally:
            self.test_mode = test_mode
        if not kept:
            raise ValueError(f'{self.ann_file}: none of its {len(self.data_list)} images passes '
                             f'filter_cfg={self.filter_cfg} with the {len(self.cat_ids)} classes of the dataset')
        return kept

    def prepare_data(self, idx: int) -> Any:
        """Loads item `idx`; an image that can't be read is named in the error."""
        try:
            return super().prepare_data(idx)
        except (OSError, AssertionError) as error:
            path = self.get_data_info(idx)['img_path']
            raise RuntimeError(f'cannot load image {path} (item {idx} of {self.ann_file}): {error}. Restore the file, '
                               'correct data_prefix, or remove the image from the annotation file') from error
