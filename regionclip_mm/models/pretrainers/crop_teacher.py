"""A teacher of region-text pretraining that cuts regions out of the image."""
import math
from typing import Any, List

import torch
from mmcv.ops import roi_align
from torch import Tensor

from mmdet.registry import MODELS
from mmdet.structures.bbox import bbox2roi

from ..detectors import RegionCLIP
from ..detectors.regionclip import Maps, check_boxes, whole_images


@MODELS.register_module()
class CropTeacher(RegionCLIP):
    """CLIP on each region alone, as ViLD's teacher (Gu et al., ICLR 2022).

    The reference's teacher pools regions from the maps of the whole image, as
    the student does: with the student's own weights it can tell it little
    that is new, and large and small objects have other sizes than those CLIP
    has learned from. This one sees every region in CLIP's own image size, for
    the price of an image per region; offline labels pay it once. It is for
    ``model.teacher`` of :class:`RegionTextPretrainer`: as a detector it is a
    plain :class:`RegionCLIP`.

    Args:
        crop_size: Side of the crops in pixels: about that of CLIP's training
            images.
        context: Side of the square that is cut out, around the middle of a
            box, as a multiple of the box's longer side.
        crops_at_once: Crops in a batch.
        kwargs: Arguments of :class:`RegionCLIP`.

    Raises:
        ValueError: If a size is none.
    """

    def __init__(self,
                 *,
                 crop_size: int = 224,
                 context: float = 1.25,
                 crops_at_once: int = 64,
                 **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if crop_size < 32:
            raise ValueError('model.teacher.crop_size is at least 32 pixels, '
                             f'got {crop_size}')
        if not 0 < context < math.inf or crops_at_once < 1:
            raise ValueError(
                'model.teacher.context and crops_at_once take positive '
                f'numbers, got {context} and {crops_at_once}')
        self.crop_size = crop_size
        self.context = context
        self.crops_at_once = crops_at_once

    def encode_regions(self, inputs: Tensor, boxes: List[Tensor],
                       trunk: Maps = None) -> Tensor:
        """See :meth:`RegionCLIP.encode_regions`; ``trunk`` is of no use."""
        check_boxes(boxes, len(inputs))
        size = boxes[0].new_tensor(inputs.shape[:1:-1]).repeat(2)
        squares = bbox2roi([
            # RoIAlign would take samples far outside of the image, too
            self._squares(one.clamp(min=0).minimum(size)) for one in boxes])
        if not len(squares):
            return super().encode_regions(inputs, boxes)
        return torch.cat([self._encode_whole(self._crops(inputs, part))
                          for part in squares.split(self.crops_at_once)])

    def _encode_whole(self, crops: Tensor) -> Tensor:
        """Normalised crops (R, 3, S, S) -> embeddings (R, D)."""
        return self.roi_head.encode_rois(self.feature_maps(crops),
                                         whole_images(crops))

    def _squares(self, boxes: Tensor) -> Tensor:
        """Boxes (R, 4) -> the squares around them (R, 4)."""
        middle = (boxes[:, :2] + boxes[:, 2:]) / 2
        longer = (boxes[:, 2:] - boxes[:, :2]).amax(1, keepdim=True)
        half = longer.clamp(min=1) * self.context / 2
        return torch.cat([middle - half, middle + half], 1)

    def _crops(self, inputs: Tensor, squares: Tensor) -> Tensor:
        """Pixels (R, 3, crop_size, crop_size) of squares (R, 5); what is
        outside of the image has the mean colour."""
        return roi_align(inputs, squares, (self.crop_size, ) * 2, 1.0, 0,
                         'avg', True)
