"""Bbox head that pools a region map into its embedding first."""
from typing import Dict, Optional, Tuple

from torch import Tensor

from mmdet.models.losses import accuracy
from mmdet.models.roi_heads.bbox_heads import BBoxHead
from mmdet.registry import MODELS


@MODELS.register_module()
class RegionBBoxHead(BBoxHead):
    """Attention pool, then mmdet's classification and regression layers.

    Args:
        region_pool: Config of the pool from layer4 maps (R, C, S, S) to
            region embeddings (R, D). Box deltas, if any, are regressed from
            the un-normalised embedding (parity: as in the reference).
        kwargs: Arguments of mmdet's ``BBoxHead``; ``in_channels`` and
            ``roi_feat_size`` follow from the pool. With ``with_reg`` (mmdet's
            default) ``reg_class_agnostic=True`` is needed, as the words of
            a test are not those of the training.
    """

    def __init__(self, region_pool: dict, **kwargs) -> None:
        pool = MODELS.build(region_pool)
        super().__init__(
            in_channels=pool.embed_dim, roi_feat_size=1, **kwargs)
        if self.with_reg and not self.reg_class_agnostic:
            raise ValueError(
                'bbox_head.reg_class_agnostic=False refines boxes per class, '
                'but any words may be asked for: set reg_class_agnostic=True,'
                ' or with_reg=False for boxes as proposed')
        self.region_pool = pool

    def forward(self, x: Tensor) -> Tuple[Tensor, Tensor]:
        """Region maps (R, C, S, S) -> logits (R, K + 1), deltas (R, 4) or
        None."""
        return super().forward(self.region_pool(x))

    def loss(self,
             cls_score: Tensor,
             bbox_pred: Optional[Tensor],
             rois: Tensor,
             labels: Tensor,
             label_weights: Tensor,
             bbox_targets: Tensor,
             bbox_weights: Tensor,
             reduction_override: Optional[str] = None) -> Dict[str, Tensor]:
        """mmdet's losses, complete also without a region.

        Args:
            cls_score: Logits (R, K + 1), background last.
            bbox_pred: Normalised deltas (R, 4), or None.
            rois: Sampled regions (R, 5) in network pixels.
            labels: Class of each region (R,), K for background.
            label_weights, bbox_targets, bbox_weights: As in mmdet.
            reduction_override: As in mmdet.

        Returns:
            ``loss_cls`` and with ``with_reg`` ``loss_bbox`` (always there,
            connected to the graph, as DistributedDataParallel needs them),
            and percentages:
            ``acc`` of all regions, ``acc_fg`` of those with an object, if
            there are any.
        """
        losses = super().loss(cls_score, bbox_pred, rois, labels,
                              label_weights, bbox_targets, bbox_weights,
                              reduction_override)
        if len(labels) == 0:
            losses['loss_cls'] = cls_score.sum()
        objects = labels < self.num_classes
        if objects.any():
            losses['acc_fg'] = accuracy(cls_score[objects], labels[objects])
        return losses
