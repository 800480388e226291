"""COCO-style evaluation whose labels follow the class names."""
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np
from mmengine.logging import MMLogger
from pycocotools import mask as mask_api

from ..datasets import category_ids
from ..datasets.annotation_files import read_annotations

Result = Tuple[dict, dict]


class ClassOrderMixin:
    """Makes label k of a prediction mean ``dataset_meta['classes'][k]``.

    mmdet's metrics write label k as the k-th category of the annotation file,
    and read per-class results as if the file were sorted by id. Mixed into a
    subclass of ``CocoMetric``, neither the order nor the ids of the file
    matter. Without any detection the AP is 0, instead of no result.
    """

    follows_class_names = True

    def __init__(self, ann_file: Optional[str] = None, **kwargs) -> None:
        """Arguments of mmdet's metric; a damaged file is named."""
        try:
            super().__init__(ann_file=ann_file, **kwargs)
        except (AssertionError, AttributeError, KeyError, TypeError,
                ValueError):
            if ann_file is not None:  # says what is wrong with the file
                read_annotations(ann_file)
            raise
        if ann_file is not None:
            self._prepare(ann_file)

    def _prepare(self, ann_file: str) -> None:
        """Raise unless there is what results are compared with, if they
        are."""
        annotations = self.annotations.dataset.get('annotations') or []
        if not annotations and not self.format_only:
            raise ValueError(
                f'{ann_file} (of the evaluator) has no annotations, so there '
                'is nothing to evaluate against: name the file that has them,'
                ' or leave out the evaluation (val_cfg, val_dataloader and '
                'val_evaluator = None)')
        for annotation in annotations:  # the evaluation tools have no default
            annotation['iscrowd'] = annotation.get('iscrowd') or 0

    @property
    def annotations(self) -> Any:
        """The annotation file's api: COCO, or LVIS in ``LVISMetric``."""
        return getattr(self, '_lvis_api', None) or self._coco_api

    def results2json(self, results: Sequence[dict],
                     outfile_prefix: str) -> dict:
        """Write predictions with the category ids of their class names.

        Args:
            results: Per image ``bboxes`` (M, 4) xyxy in original pixels,
                ``scores`` (M,), ``labels`` (M,).
            outfile_prefix: Path of the files, without ``.bbox.json``.

        Returns:
            The path of the file of each result type.
        """
        by_label = self._ids_of('classes')
        self.cat_ids = by_label
        files = super().results2json(results, outfile_prefix)
        # In this order COCOeval and LVISEval give results per class.
        self.cat_ids = sorted(by_label)
        return files

    def compute_metrics(self, results: List[Result]) -> Dict[str, float]:
        """Metrics of pairs (ground truth, prediction), one per image."""
        found = any(len(pred['labels']) for _, pred in results)
        if not found and not self.format_only:
            MMLogger.get_current_instance().warning(
                'There is no detection in any image: AP is 0')
            results = [_with_worthless_box(*results[0]), *results[1:]]
        return super().compute_metrics(results)

    def _ids_of(self, key: str) -> List[int]:
        """Category ids of the names in ``dataset_meta[key]``."""
        return category_ids(self.annotations.dataset['categories'],
                            self.dataset_meta[key],
                            "the evaluator's ann_file")


def _with_worthless_box(truth: dict, prediction: dict) -> Result:
    """Add a box without score or area, which changes no AP.

    The evaluation tools stop at an empty list of detections.
    """
    box = dict(
        prediction,
        bboxes=np.zeros((1, 4)),
        scores=np.zeros(1),
        labels=np.zeros(1, int))
    if 'masks' in prediction:
        empty = np.zeros((truth['height'], truth['width']), np.uint8, 'F')
        box['masks'] = [mask_api.encode(empty)]
    return truth, box
