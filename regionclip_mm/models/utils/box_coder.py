"""Box deltas, decoded as detectron2 does."""
import math
from typing import Any

from torch import Tensor

from mmdet.models.task_modules.coders import DeltaXYWHBBoxCoder
from mmdet.registry import TASK_UTILS

NO_LIMIT = 1e-30  # exp of its logarithm is 0 pixels for any box


@TASK_UTILS.register_module()
class GrowthLimitedBoxCoder(DeltaXYWHBBoxCoder):
    """mmdet's deltas, of which only growth is limited.

    mmdet bounds how much a box grows or shrinks, detectron2 only how much it
    grows; boxes that shrink to nothing otherwise survive at 1/62.5 of their
    anchor. Parity: ``box_*`` of ``g7_units``, ``g4_coco_ovd_rn50``.
    """

    def decode(self,
               bboxes: Tensor,
               pred_bboxes: Tensor,
               max_shape: Any = None,
               wh_ratio_clip: float = 16 / 1000) -> Tensor:
        """Boxes from deltas.

        Args:
            bboxes: Boxes or anchors (N, 4) in pixels of any frame.
            pred_bboxes: Deltas (N, 4 * K), normalised by means and stds.
            max_shape: (height, width) that boxes are clipped to.
            wh_ratio_clip: Inverse of the largest growth.

        Returns:
            Boxes (N, 4 * K) in the frame of ``bboxes``.
        """
        deltas = pred_bboxes.clone().unflatten(-1, (-1, 4))
        for i in (2, 3):
            limit = (-math.log(wh_ratio_clip) - self.means[i]) / self.stds[i]
            deltas[..., i].clamp_(max=limit)
        return super().decode(bboxes, deltas.flatten(-2), max_shape, NO_LIMIT)
