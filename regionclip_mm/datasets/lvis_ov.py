"""LVIS v1 with base and novel classes."""
from typing import List

from mmdet.datasets import CocoDataset, LVISV1Dataset
from mmdet.registry import DATASETS

from .class_order import ClassOrderCOCO
from .ov_dataset import OpenVocabularyMixin
from .ov_splits import LVIS_ALL_1203, lvis_rare_names


@DATASETS.register_module()
class OVLVISDataset(OpenVocabularyMixin, LVISV1Dataset):
    """LVIS v1, whose 337 rare classes are novel and whose 866 others are base.

    Which classes are rare comes from the `frequency` of the file's categories. Unlike mmdet's `LVISV1Dataset` it obeys
    `metainfo['classes']`. Image paths come from `coco_url` (`train2017/000000391895.jpg`), as the file has them.

    Boxes of instances are (x1, y1, x2, y2) in original pixels.
    """

    METAINFO = dict(classes=LVIS_ALL_1203, base_classes=(), novel_classes=())

    def load_data_list(self) -> List[dict]:
        """Reads the file as a COCO file: mmdet's LVIS reader takes the classes from the file."""
        return CocoDataset.load_data_list(self)

    def COCOAPI(self, annotation_file: str) -> ClassOrderCOCO:
        """Opens the annotation file, which also tells base from novel classes."""
        api = super().COCOAPI(annotation_file)
        rare = frozenset(lvis_rare_names(api.dataset['categories'], annotation_file))
        classes = self._metainfo['classes']
        self._metainfo.update(
            base_classes=tuple(name for name in classes if name not in rare),
            novel_classes=tuple(name for name in classes if name in rare))
        return api

    def parse_data_info(self, raw_data_info: dict) -> dict:
        """As mmdet's COCO dataset, with the path of the image taken from its url."""
        image = raw_data_info['raw_img_info']
        if 'coco_url' in image:
            image['file_name'] = '/'.join(image['coco_url'].split('/')[-2:])
        return super().parse_data_info(raw_data_info)
