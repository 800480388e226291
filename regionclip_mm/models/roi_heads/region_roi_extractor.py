"""mmdet's RoI extractor with a RoIAlign that is quick on a CPU as well."""
from torch import nn

from mmdet.models.roi_heads.roi_extractors import SingleRoIExtractor
from mmdet.registry import MODELS

from ..layers.sparse_roi_align import SparseRoIAlign


@MODELS.register_module()
class RegionRoIExtractor(SingleRoIExtractor):
    """As mmdet's ``SingleRoIExtractor``, with :class:`SparseRoIAlign`.

    Maps of regions are the same to rounding errors; on a GPU they come from
    mmcv's operator.

    Args:
        kwargs: Arguments of mmdet's ``SingleRoIExtractor``, ``roi_layer``
            with ``type='RoIAlign'``.

    Raises:
        ValueError: If ``roi_layer`` is of another type.
    """

    def build_roi_layers(self, layer_cfg: dict,
                         featmap_strides: list) -> nn.ModuleList:
        """One layer for each map; see mmdet's method."""
        if layer_cfg['type'] != 'RoIAlign':
            raise ValueError(
                f"bbox_roi_extractor.roi_layer.type={layer_cfg['type']!r}: "
                "RegionRoIExtractor takes 'RoIAlign'; use mmdet's "
                'SingleRoIExtractor for other layers')
        return super().build_roi_layers(
            dict(layer_cfg, type=SparseRoIAlign), featmap_strides)
