"""LVIS v1 with base and novel classes."""
from typing import List

from mmdet.datasets import CocoDataset, LVISV1Dataset
from mmdet.registry import DATASETS

from ..text import canonical_name
from .class_order import ClassOrderCOCO
from .ov_dataset import OpenVocabularyMixin
from .ov_splits import LVIS_ALL_1203, lvis_rare_names


@DATASETS.register_module()
class OVLVISDataset(OpenVocabularyMixin, LVISV1Dataset):
    """LVIS v1: its 337 rare classes are novel, the 866 others base.

    Which classes are rare comes from ``frequency`` in the file. Unlike
    mmdet's ``LVISV1Dataset`` it obeys ``metainfo['classes']``. With
    ``split='base'`` it also reads a file that leaves the rare classes out.
    Image paths come from ``coco_url``, as ``train2017/000000391895.jpg``.
    Boxes are (x1, y1, x2, y2) in original pixels.
    """

    METAINFO = dict(
        classes=LVIS_ALL_1203, base_classes=(), novel_classes=())

    def load_data_list(self) -> List[dict]:
        """Read as COCO: mmdet's LVIS reader takes the file's classes."""
        return CocoDataset.load_data_list(self)

    def COCOAPI(self, annotation_file: str) -> ClassOrderCOCO:
        """Open the annotation file, which tells base from novel classes."""
        api = super().COCOAPI(annotation_file)
        categories = api.dataset['categories']
        rare = set(lvis_rare_names(categories, annotation_file))
        # A file of base classes alone has no rare category at all.
        rare = rare or set(LVIS_ALL_1203) - {
            canonical_name(c['name']) for c in categories}
        classes = self._metainfo['classes']
        self._metainfo.update(
            base_classes=tuple(n for n in classes
                               if canonical_name(n) not in rare),
            novel_classes=tuple(n for n in classes
                                if canonical_name(n) in rare))
        return api

    def parse_data_info(self, raw_data_info: dict) -> dict:
        """As mmdet's for COCO, with the image's path from its url."""
        image = self.with_file_name(raw_data_info['raw_img_info'])
        return super().parse_data_info(dict(raw_data_info,
                                            raw_img_info=image))

    def with_file_name(self, image: dict) -> dict:
        """An entry of ``images``, its path as ``train2017/NAME``."""
        url = image.get('coco_url')
        if not isinstance(url, str):
            return image
        return dict(image, file_name='/'.join(url.split('/')[-2:]))
