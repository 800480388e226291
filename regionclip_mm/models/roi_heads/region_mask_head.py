"""Mask head that begins undecided."""
from mmengine.model import normal_init

from mmdet.models.roi_heads.mask_heads import FCNMaskHead
from mmdet.registry import MODELS


@MODELS.register_module()
class RegionMaskHead(FCNMaskHead):
    """mmdet's mask head with detectron2's initial weights of the last layer.

    mmdet draws them with a deviation of sqrt(2 / classes); with the one
    class of class-agnostic masks the first steps would send a random gradient
    into layer4. Parity: deviation 0.001, as in the reference.

    Args:
        kwargs: Arguments of mmdet's ``FCNMaskHead``.
    """

    def init_weights(self) -> None:
        """As in mmdet, then the last layer."""
        super().init_weights()
        normal_init(self.conv_logits, std=0.001)
