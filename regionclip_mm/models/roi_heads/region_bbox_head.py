"""Bbox head that pools a region map into its embedding first."""
from typing import Tuple

from torch import Tensor

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
            ``roi_feat_size`` follow from the pool.
    """

    def __init__(self, region_pool: dict, **kwargs) -> None:
        pool = MODELS.build(region_pool)
        super().__init__(
            in_channels=pool.embed_dim, roi_feat_size=1, **kwargs)
        self.region_pool = pool

    def forward(self, x: Tensor) -> Tuple[Tensor, Tensor]:
        """Region maps (R, C, S, S) -> logits (R, K + 1), deltas (R, 4) or
        None."""
        return super().forward(self.region_pool(x))
