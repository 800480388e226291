"""Detections of many images as one file in COCO's format."""
import logging
import os
from contextlib import contextmanager
from typing import Any, Dict, Iterable, Iterator, List

import mmengine
from mmengine.logging import print_log

from ..io.files import written_whole

FILE = 'predictions.json'


class CocoResults:
    """Collects detections; images may have different vocabularies.

    The file has ``images``, ``categories`` (with the names), ``annotations``
    (each with ``score`` and ``class_score``, boxes as x, y, width, height in
    original pixels) and ``skipped``. ``pycocotools.coco.COCO`` opens it, and
    its ``annotations`` are what ``COCO.loadRes`` takes.
    """

    def __init__(self) -> None:
        self.images: List[dict] = []
        self.annotations: List[dict] = []
        self.skipped: List[dict] = []
        self._category_ids: Dict[str, int] = {}

    def add(self, file_name: str, height: int, width: int,
            result: Dict[str, Any]) -> None:
        """Add an image.

        Args:
            file_name: Its path, or what it is called.
            height, width: Its size in original pixels.
            result: As :meth:`RegionInferencer.pred2dict` returns it.
        """
        image_id = len(self.images) + 1
        self.images.append(dict(id=image_id, file_name=file_name,
                                height=height, width=width))
        masks = result.get('masks', [None] * len(result['scores']))
        rows = zip(result['label_names'], result['bboxes'], result['scores'],
                   result['class_scores'], masks)
        for name, (x1, y1, x2, y2), score, class_score, mask in rows:
            entry = dict(
                id=len(self.annotations) + 1, image_id=image_id,
                category_id=self._category_id(name),
                bbox=[x1, y1, x2 - x1, y2 - y1],
                area=(x2 - x1) * (y2 - y1), iscrowd=0, score=score,
                class_score=class_score)
            if mask is not None:
                entry['segmentation'] = mask
            self.annotations.append(entry)

    def declare(self, names: Iterable[str]) -> None:
        """Give category ids to names, detected or not."""
        for name in names:
            self._category_id(name)

    def to_dict(self) -> dict:
        """Everything, as plain data."""
        categories = [dict(id=number, name=name)
                      for name, number in self._category_ids.items()]
        return dict(info=dict(description='detections of RegionCLIP'),
                    images=self.images, categories=categories,
                    annotations=self.annotations, skipped=self.skipped)

    def save(self, folder: str, name: str = FILE) -> str:
        """Write the file, whole or not at all; returns its path."""
        path = os.path.join(folder, name)
        with written_whole(path) as partial:
            mmengine.dump(self.to_dict(), str(partial), file_format='json')
        return path

    @contextmanager
    def kept(self, folder: str, count: int) -> Iterator[None]:
        """Write the file at the end, or what there is when an error or
        Ctrl-C ends the work early.

        Args:
            folder: Where to write; empty: nowhere.
            count: Number of images that are to come.
        """
        try:
            yield
        except BaseException:
            if folder and self.images:
                print_log(f'ended early: {self.save(folder)} has '
                          f'{len(self.images)} of {count} images', 'current',
                          logging.WARNING)
            raise
        if folder:
            self.save(folder)

    def _category_id(self, name: str) -> int:
        return self._category_ids.setdefault(name,
                                             len(self._category_ids) + 1)
