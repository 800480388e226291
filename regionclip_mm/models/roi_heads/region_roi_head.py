"""RoI head that scores regions by text and joins objectness before NMS."""
from typing import List, Tuple

import torch
from mmcv.ops import batched_nms
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData
from torch import Tensor

from mmdet.models.roi_heads import StandardRoIHead
from mmdet.registry import MODELS
from mmdet.structures.bbox import bbox2roi, scale_boxes

from ..utils import class_aware_nms, get_fusion

TEST_OPTIONS = {
    'score_thr', 'nms', 'max_per_img', 'objectness', 'mask_thr_binary'
}


@MODELS.register_module()
class RegionRoIHead(StandardRoIHead):
    """mmdet's RoI head with chunked inference and the reference's scoring.

    ``test_cfg.rcnn`` takes ``score_thr``, ``nms``, ``max_per_img`` as in
    mmdet, and ``objectness``, a name of :data:`..utils.fusion.FUSIONS`.

    Args:
        chunk_size: Regions encoded at a time at inference; bounds the
            memory at any number of proposals. A CPU is fastest where a
            chunk's maps stay near its caches (docs/benchmarks.md).
        kwargs: Arguments of mmdet's ``StandardRoIHead``.
    """

    def __init__(self, chunk_size: int = 64, **kwargs) -> None:
        super().__init__(**kwargs)
        if chunk_size < 1:
            raise ValueError(f'roi_head.chunk_size={chunk_size}: give a '
                             'positive number of regions')
        unknown = set(self.test_cfg or ()) - TEST_OPTIONS
        if unknown:
            raise ValueError(
                f'test_cfg.rcnn has {", ".join(sorted(unknown))}; it takes '
                f'{", ".join(sorted(TEST_OPTIONS))}')
        self.chunk_size = chunk_size

    def _bbox_forward(self, x: Tuple[Tensor, ...], rois: Tensor) -> dict:
        """As in mmdet; at inference in chunks, without ``bbox_feats``."""
        if torch.is_grad_enabled() or len(rois) <= self.chunk_size:
            return super()._bbox_forward(x, rois)
        parts = []
        for chunk in rois.split(self.chunk_size):
            part = super()._bbox_forward(x, chunk)
            parts.append((part['cls_score'], part['bbox_pred']))
        scores, deltas = zip(*parts)
        deltas = None if deltas[0] is None else torch.cat(deltas)
        return dict(cls_score=torch.cat(scores), bbox_pred=deltas)

    def encode_regions(self, x: Tuple[Tensor, ...],
                       boxes: List[Tensor]) -> Tensor:
        """Embed regions.

        Args:
            x: Feature maps of the batch, as from ``extract_feat``.
            boxes: Boxes (R_i, 4) of each image in network pixels.

        Returns:
            Region embeddings (sum R_i, D), not normalised.
        """
        rois = bbox2roi(boxes)
        size = len(rois) if torch.is_grad_enabled() else self.chunk_size
        maps = x[:self.bbox_roi_extractor.num_inputs]
        parts = []
        for chunk in rois.split(max(size, 1)):
            regions = self.bbox_roi_extractor(maps, chunk)
            if self.with_shared_head:
                regions = self.shared_head(regions)
            parts.append(self.bbox_head.region_pool(regions))
        return torch.cat(parts)

    def predict_bbox(self,
                     x: Tuple[Tensor, ...],
                     batch_img_metas: List[dict],
                     rpn_results_list: List[InstanceData],
                     rcnn_test_cfg: ConfigDict,
                     rescale: bool = False) -> List[InstanceData]:
        """Detect; see mmdet's method for the arguments.

        Returns:
            Per image ``bboxes`` (M, 4) in network pixels (original pixels
            with ``rescale``), ``scores`` (M,) after fusion with objectness,
            ``labels`` (M,), ``class_scores`` (M,), the softmax probability
            before fusion.
        """
        raw = super().predict_bbox(x, batch_img_metas, rpn_results_list,
                                   rcnn_test_cfg=None, rescale=False)
        return [
            select_detections(*item, rcnn_test_cfg, rescale)
            for item in zip(raw, rpn_results_list, batch_img_metas)
        ]


def select_detections(raw: InstanceData, proposals: InstanceData,
                      img_meta: dict, cfg: ConfigDict,
                      rescale: bool) -> InstanceData:
    """Fusion, threshold, NMS and top-k of one image.

    Parity: rows with a non-finite box or score are dropped first, the
    threshold is strict and applies to the fused score, boxes are clipped to
    the image, empty ones are dropped at the end.

    Args:
        raw: ``bboxes`` (R, 4) in network pixels, ``scores`` (R, K + 1)
            softmax probabilities, background last.
        proposals: The R proposals they come from, with their objectness.
        img_meta: ``img_shape`` (h, w) and, to rescale, ``scale_factor``.
        cfg: ``test_cfg.rcnn``.
        rescale: Return boxes in original pixels.

    Returns:
        The detections; see :meth:`RegionRoIHead.predict_bbox`.
    """
    height, width = img_meta['img_shape'][:2]
    probs, boxes = raw.scores[:, :-1], raw.bboxes
    fused = get_fusion(cfg.get('objectness', 'none'))(probs, proposals)
    finite = fused.isfinite().all(1) & boxes.isfinite().all(1)
    boxes = torch.stack([boxes[:, 0::2].clamp(0, width),
                         boxes[:, 1::2].clamp(0, height)], -1).flatten(1)
    rows, labels = ((fused > cfg.score_thr) & finite[:, None]).nonzero(
        as_tuple=True)
    boxes, scores = boxes[rows], fused[rows, labels]
    keep, scores = _suppress(boxes, scores, labels, cfg.nms)
    if cfg.get('max_per_img', -1) >= 0:
        keep, scores = keep[:cfg.max_per_img], scores[:cfg.max_per_img]
    boxes = boxes[keep]
    if rescale:
        boxes = scale_boxes(boxes, [1 / s for s in img_meta['scale_factor']])
    result = InstanceData(
        bboxes=boxes, scores=scores, labels=labels[keep],
        class_scores=probs[rows[keep], labels[keep]])
    return result[(boxes[:, 2:] > boxes[:, :2]).all(1)]


def _suppress(boxes: Tensor, scores: Tensor, labels: Tensor,
              nms: ConfigDict) -> Tuple[Tensor, Tensor]:
    """Indices of kept boxes (M,), best first, and their scores (M,)."""
    if nms.get('type', 'nms') == 'nms':
        unknown = set(nms) - {'type', 'iou_threshold', 'class_agnostic'}
        if unknown:
            raise ValueError(
                f'test_cfg.rcnn.nms has {", ".join(sorted(unknown))}; '
                "type='nms' takes iou_threshold and class_agnostic only "
                '(max_per_img of test_cfg.rcnn bounds the number of boxes)')
        if nms.get('class_agnostic', False):
            labels = torch.zeros_like(labels)
        keep = class_aware_nms(boxes, scores, labels, nms['iou_threshold'])
        return keep, scores[keep]
    if len(boxes) == 0:  # mmcv's takes the largest coordinate
        return labels, scores
    dets, keep = batched_nms(boxes, scores, labels, nms)
    return keep, dets[:, -1]
