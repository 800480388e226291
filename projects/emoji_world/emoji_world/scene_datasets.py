"""The written scenes, with the world's class names."""
from pathlib import Path
from typing import List

from mmdet.datasets import CocoDataset
from mmdet.registry import DATASETS
from regionclip_mm.datasets import OVCocoDataset

from .concepts import names


class WrittenScenes:
    """Says how scenes are made if they have not been."""

    def load_data_list(self) -> List[dict]:
        """As mmdet's.

        Raises:
            FileNotFoundError: If the annotations are not there yet.
        """
        if not Path(self.ann_file).is_file():
            raise FileNotFoundError(
                f'there is no file {self.ann_file}; write the scenes first: '
                'python projects/emoji_world/tools/make_scenes.py')
        return super().load_data_list()


@DATASETS.register_module()
class EmojiCocoDataset(WrittenScenes, OVCocoDataset):
    """Scenes annotated with COCO's classes, ``SPLIT_coco.json``."""

    METAINFO = dict(classes=names('base', 'novel'),
                    base_classes=names('base'), novel_classes=names('novel'))


@DATASETS.register_module()
class EmojiAllDataset(WrittenScenes, OVCocoDataset):
    """Scenes annotated with every concept, ``SPLIT_all.json``.

    Concepts that COCO does not know count as novel, as no box of theirs
    trains anything.
    """

    METAINFO = dict(classes=names(), base_classes=names('base'),
                    novel_classes=names('novel', 'other'))


@DATASETS.register_module()
class EmojiProposalDataset(WrittenScenes, CocoDataset):
    """Scenes with class-agnostic boxes, ``SPLIT_rpn.json``."""

    METAINFO = dict(classes=('object', ))
