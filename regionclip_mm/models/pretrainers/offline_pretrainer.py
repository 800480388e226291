"""Region-text pretraining from labels that the teacher left on disk."""
from typing import Any, Iterable, List, Optional, Set, Tuple

import torch
from mmengine.structures import InstanceData
from torch import Tensor
from torch.utils.data import Dataset

from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmdet.structures.bbox import get_box_tensor

from .base import BaseRegionTextPretrainer, Maps, PseudoLabels
from .checks import check_label_pool, check_region_labels

LABELS = ('labels', 'scores')


@MODELS.register_module()
class OfflineRegionTextPretrainer(BaseRegionTextPretrainer):
    """Region-text pretraining without a teacher.

    Regions and the teacher's concepts for them are annotations, written once
    by ``tools/label_regions.py``: ``LoadRegionLabels`` and
    ``PackRegionLabels`` of the pipeline put them into ``gt_instances``. The
    proposal source is for evaluation alone.

    Args:
        loss_region_distill: Config of the loss; None leaves it out.
        kwargs: Arguments of :class:`BaseRegionTextPretrainer`.
    """

    distill_loss = 'TopKDistillLoss'
    distill_targets = ('concepts', 'log_probs', 'log_rest')

    def __init__(self,
                 *,
                 loss_region_distill: Optional[dict] = dict(
                     type='TopKDistillLoss'),
                 **kwargs: Any) -> None:
        super().__init__(loss_region_distill=loss_region_distill, **kwargs)
        self._known_pools: Set[str] = set()  # digests

    def _regions(self, inputs: Tensor, samples: SampleList
                 ) -> Tuple[Maps, List[Tensor], PseudoLabels]:
        check_region_labels(samples)
        self._check_pool({sample.region_labels for sample in samples})
        drawn = [self._drawn(sample.gt_instances) for sample in samples]
        labels, scores, *targets = (
            torch.cat([one[key] for one in drawn])
            for key in LABELS + self.distill_targets)
        return None, [one.bboxes for one in drawn], PseudoLabels(
            labels, scores, tuple(targets))

    def check_data(self, dataset: Dataset) -> None:
        """Raise unless the labels are of the student's concepts.

        Args:
            dataset: Of training. Labels that steps of its own pipeline do not
                know yet are compared when they come.

        Raises:
            ValueError: Naming the first concept that differs.
        """
        pipeline = getattr(dataset, 'pipeline', None)
        for step in getattr(pipeline, 'transforms', ()):
            self._check_pool(getattr(step, 'pools', ()))

    def _check_pool(self, files: Iterable[Tuple[str, str]]) -> None:
        """Files of labels, each with the digest of its concepts."""
        for path, digest in files:
            if digest not in self._known_pools:
                check_label_pool(self.classifiers[0].train_vocabulary, path,
                                 digest)
                self._known_pools.add(digest)

    def _drawn(self, instances: InstanceData) -> InstanceData:
        """Some of the regions of an image."""
        boxes = get_box_tensor(instances.bboxes)
        rows = self._draw(boxes)
        return InstanceData(bboxes=boxes[rows],
                            **{key: instances[key][rows]
                               for key in LABELS + self.distill_targets})
