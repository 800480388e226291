"""AP of base and novel classes."""
from typing import Dict, List

from mmdet.evaluation import OVCocoMetric
from mmdet.registry import METRICS

from .class_order import ClassOrderMixin, Result


@METRICS.register_module()
class OrderedOVCocoMetric(ClassOrderMixin, OVCocoMetric):
    """mmdet's ``OVCocoMetric`` for any order of categories in the file.

    Results: ``base_ap``, ``base_ap50``, ``novel_ap``, ``novel_ap50``, and for
    all classes mmdet's ``bbox_mAP``, ``bbox_mAP_50``, ...; -1 where no object
    is annotated. The dataset's metainfo names ``classes``, ``base_classes``
    and ``novel_classes``.
    """

    def compute_metrics(self, results: List[Result]) -> Dict[str, float]:
        """Metrics of pairs (ground truth, prediction), one per image."""
        missing = [key for key in ('base_classes', 'novel_classes')
                   if key not in self.dataset_meta]
        if missing:
            raise ValueError(
                f'{type(self).__name__} needs {" and ".join(missing)} in the '
                "dataset's metainfo: use type='OVCocoDataset', or write them "
                'into dataset.metainfo')
        return super().compute_metrics(results)

    def results2json(self, results: List[dict], outfile_prefix: str) -> dict:
        """See the mixin; also looks up which ids are base and novel."""
        self.base_cat_ids = self._ids_of('base_classes')
        self.novel_cat_ids = self._ids_of('novel_classes')
        return super().results2json(results, outfile_prefix)
