"""The written scenes, with the world's class names."""
from regionclip_mm.datasets import OVCocoDataset

from mmdet.datasets import CocoDataset
from mmdet.registry import DATASETS

from .concepts import names


@DATASETS.register_module()
class EmojiCocoDataset(OVCocoDataset):
    """Scenes annotated with COCO's classes, ``SPLIT_coco.json``."""

    METAINFO = dict(classes=names('base', 'novel'),
                    base_classes=names('base'), novel_classes=names('novel'))


@DATASETS.register_module()
class EmojiAllDataset(OVCocoDataset):
    """Scenes annotated with every concept, ``SPLIT_all.json``.

    Concepts that COCO does not know count as novel, as no box of theirs
    trains anything.
    """

    METAINFO = dict(classes=names(), base_classes=names('base'),
                    novel_classes=names('novel', 'other'))


@DATASETS.register_module()
class EmojiProposalDataset(CocoDataset):
    """Scenes with class-agnostic boxes, ``SPLIT_rpn.json``."""

    METAINFO = dict(classes=('object', ))
