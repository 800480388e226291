"""AP of rare, common and frequent classes."""
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Dict, Iterator, List

import lvis.eval
import numpy as np

from mmdet.evaluation import LVISMetric
from mmdet.registry import METRICS

from .class_order import ClassOrderMixin, Result


class _NumpyWithFloat(ModuleType):
    """numpy with ``float``: lvis 0.5.3 uses it, numpy 1.24 dropped it."""

    float = float

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)


@contextmanager
def lvis_on_any_numpy() -> Iterator[None]:
    """Let lvis evaluate on any numpy; numpy itself stays untouched."""
    original = lvis.eval.np
    lvis.eval.np = _NumpyWithFloat('numpy')
    try:
        yield
    finally:
        lvis.eval.np = original


@METRICS.register_module()
class OrderedLVISMetric(ClassOrderMixin, LVISMetric):
    """mmdet's ``LVISMetric`` for any order of categories, on any numpy.

    Results: ``bbox_AP``, ``bbox_APr`` (rare, the novel classes),
    ``bbox_APc``, ``bbox_APf``, ``bbox_AP50``, ...; ``segm_*`` likewise; -1
    where no object is annotated. Only the dataset's classes are evaluated.

    Args:
        ann_file: Path of an LVIS v1 json.
        kwargs: As for mmdet's metric.
    """

    def __init__(self, ann_file: str, **kwargs: Any) -> None:
        super().__init__(ann_file=ann_file, **kwargs)
        data = self.annotations.dataset
        needed = [('categories', 'frequency'), ('images', 'neg_category_ids'),
                  ('images', 'not_exhaustive_category_ids')]
        missing = [f'{part}[].{key}' for part, key in needed
                   if not data.get(part) or key not in data[part][0]]
        if missing:
            raise ValueError(
                f'{ann_file} is not an LVIS v1 annotation file, it has no '
                f'{" and no ".join(missing)}. Set ann_file of the evaluator, '
                "or use type='OrderedOVCocoMetric' for COCO files")

    def results2json(self, results: List[dict], outfile_prefix: str) -> dict:
        """See the mixin; also restricts AP to the dataset's classes."""
        files = super().results2json(results, outfile_prefix)
        cats = self.annotations.cats
        self.annotations.cats = {i: cats[i] for i in self.cat_ids}
        return files

    def compute_metrics(self, results: List[Result]) -> Dict[str, float]:
        """Metrics of pairs (ground truth, prediction), one per image."""
        with lvis_on_any_numpy():
            return super().compute_metrics(results)
