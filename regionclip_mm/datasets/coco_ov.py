"""COCO with base and novel classes."""
from mmdet.datasets import CocoDataset
from mmdet.registry import DATASETS

from .ov_dataset import OpenVocabularyMixin
from .ov_splits import COCO_ALL_65, COCO_BASE_48, COCO_NOVEL_17


@DATASETS.register_module()
class OVCocoDataset(OpenVocabularyMixin, CocoDataset):
    """COCO's 48 base and 17 novel classes.

    Reads every file whose categories include the classes of the split:
    ``ovd_ins_{train,val}2017_{all,b,t}.json``, mmdet's
    ``instances_{train2017_seen,val2017_all}_2.json``, and the original
    ``instances_{train,val}2017.json``, whose other categories it leaves out;
    ``filter_cfg=dict(filter_empty_gt=True)`` then selects the images of the
    benchmark. Boxes are (x1, y1, x2, y2) in original pixels.
    """

    METAINFO = dict(
        classes=COCO_ALL_65,
        base_classes=COCO_BASE_48,
        novel_classes=COCO_NOVEL_17)
