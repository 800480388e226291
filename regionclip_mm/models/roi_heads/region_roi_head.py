"""RoI head that scores regions by text and joins objectness before NMS."""
from operator import itemgetter
from typing import Dict, List, Optional, Tuple

import torch
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData
from torch import Tensor

from mmdet.models.roi_heads import StandardRoIHead
from mmdet.models.task_modules.samplers import SamplingResult
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample, SampleList
from mmdet.structures.bbox import bbox2roi, get_box_tensor, scale_boxes

from ..utils import get_fusion, get_suppression, in_chunks

# Keys of test_cfg.rcnn, each with an example.
TEST_OPTIONS = dict(
    score_thr='0.05',
    nms="dict(type='nms', iou_threshold=0.5)",
    max_per_img='100',
    objectness="'sqrt_prob'",
    mask_thr_binary='0.5')
NUMBERS = dict(score_thr=(int, float), max_per_img=int,
               mask_thr_binary=(int, float))


@MODELS.register_module()
class RegionRoIHead(StandardRoIHead):
    """mmdet's RoI head with chunked inference and the reference's scoring.

    ``test_cfg.rcnn`` takes ``score_thr``, ``nms``, ``max_per_img`` as in
    mmdet, and ``objectness``, a name of :data:`..utils.fusion.FUSIONS`. With
    a mask head, masks are those of the detected boxes, clipped to the image
    and pooled anew; their resolution is the pool's (``mask_size`` of
    ``train_cfg.rcnn``).

    Args:
        chunk_size: Regions encoded at a time at inference; bounds the
            memory at any number of proposals. A CPU is fastest where a
            chunk's maps stay near its caches (docs/benchmarks.md).
        kwargs: Arguments of mmdet's ``StandardRoIHead``.
    """

    def __init__(self, chunk_size: int = 64, **kwargs) -> None:
        super().__init__(**kwargs)
        if not isinstance(chunk_size, int) or chunk_size < 1:
            raise ValueError(f'roi_head.chunk_size={chunk_size!r}: give a '
                             'positive whole number of regions')
        if self.test_cfg is not None:
            check_test_cfg(self.test_cfg)
        self.chunk_size = chunk_size

    def loss(self, x: Tuple[Tensor, ...],
             rpn_results_list: List[InstanceData],
             batch_data_samples: SampleList) -> Dict[str, Tensor]:
        """As in mmdet, on boxes that hold some of their image.

        Args:
            x: Feature maps of the batch, as from ``extract_feat``.
            rpn_results_list: Proposals of each image, network pixels.
            batch_data_samples: Their annotations, network pixels.

        Raises:
            ValueError: If an annotated box is not finite.
        """
        for sample in batch_data_samples:
            drop_empty_boxes(sample)
        return super().loss(x, rpn_results_list, batch_data_samples)

    def bbox_loss(self, x: Tuple[Tensor, ...],
                  sampling_results: List[SamplingResult]) -> dict:
        """As in mmdet; without any region, the maps too stay in the graph,
        with gradients of zero, as DistributedDataParallel needs them. (Of
        heads without a ``loss_cls`` then, :class:`FromProposals` makes one.)
        """
        results = super().bbox_loss(x, sampling_results)
        losses = results['loss_bbox']
        if 'loss_cls' in losses and not any(
                len(sampled.priors) for sampled in sampling_results):
            losses['loss_cls'] = losses['loss_cls'] + sum(
                level[:0].sum() for level in x)
        return results

    def _bbox_forward(self, x: Tuple[Tensor, ...], rois: Tensor) -> dict:
        """As in mmdet; at inference in chunks, without ``bbox_feats``."""
        forward = super()._bbox_forward
        if self.training or torch.is_grad_enabled():
            return forward(x, rois)
        keys = 'cls_score', 'bbox_pred'
        outputs = in_chunks(lambda part: itemgetter(*keys)(forward(x, part)),
                            rois, self.chunk_size)
        return dict(zip(keys, outputs))

    def _mask_forward(self,
                      x: Tuple[Tensor, ...],
                      rois: Optional[Tensor] = None,
                      pos_inds: Optional[Tensor] = None,
                      bbox_feats: Optional[Tensor] = None) -> dict:
        """As in mmdet; at inference in chunks, without ``mask_feats``. In
        training the maps of layer4 are those of the box branch."""
        forward = super()._mask_forward
        if rois is None:
            return forward(x, None, pos_inds.bool(), bbox_feats)
        if self.training or torch.is_grad_enabled():
            return forward(x, rois)
        [masks] = in_chunks(lambda part: (forward(x, part)['mask_preds'], ),
                            rois, self.chunk_size)
        return dict(mask_preds=masks)

    def encode_regions(self, x: Tuple[Tensor, ...],
                       boxes: List[Tensor]) -> Tensor:
        """Embed regions.

        Args:
            x: Feature maps of the batch, as from ``extract_feat``.
            boxes: Boxes (R_i, 4) of each image in network pixels.

        Returns:
            Region embeddings (sum R_i, D), not normalised.
        """
        return self.encode_rois(x, bbox2roi(boxes))

    def encode_rois(self, x: Tuple[Tensor, ...], rois: Tensor) -> Tensor:
        """Embed regions of images in any order.

        Args:
            x: Feature maps of the batch, as from ``extract_feat``.
            rois: Regions (R, 5): image, and box in network pixels.

        Returns:
            Region embeddings (R, D), not normalised.
        """
        [embeddings] = in_chunks(lambda part: (self._embed(x, part), ),
                                 rois, self.chunk_size)
        return embeddings

    def _embed(self, x: Tuple[Tensor, ...], rois: Tensor) -> Tensor:
        """Regions (R, 5) -> embeddings (R, D)."""
        maps = self.bbox_roi_extractor(
            x[:self.bbox_roi_extractor.num_inputs], rois)
        if self.with_shared_head:
            maps = self.shared_head(maps)
        return self.bbox_head.region_pool(maps)

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


def check_test_cfg(cfg: ConfigDict) -> None:
    """Raise a ValueError unless ``test_cfg.rcnn`` can be used.

    Args:
        cfg: See :class:`RegionRoIHead`.
    """
    unknown = sorted(set(cfg) - set(TEST_OPTIONS))
    if unknown:
        raise ValueError(f'test_cfg.rcnn has {", ".join(unknown)}; it takes '
                         f'{", ".join(sorted(TEST_OPTIONS))}')
    for key in ('score_thr', 'nms'):
        if cfg.get(key) is None:
            raise ValueError(f'test_cfg.rcnn needs {key}, for example '
                             f'{key}={TEST_OPTIONS[key]}')
    for key, kind in NUMBERS.items():
        value = cfg.get(key)
        if value is not None and not isinstance(value, kind):
            raise ValueError(f'test_cfg.rcnn.{key}={value!r}: give a number, '
                             f'for example {TEST_OPTIONS[key]}')
    get_suppression(cfg.nms)
    get_fusion(cfg.get('objectness', 'none'))


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
    limit = cfg.get('max_per_img')
    keep, scores = get_suppression(cfg.nms)(
        boxes, scores, labels, max_num=-1 if limit is None else limit)
    boxes = boxes[keep]
    if rescale:
        boxes = scale_boxes(boxes, [1 / s for s in img_meta['scale_factor']])
    result = InstanceData(
        bboxes=boxes, scores=scores, labels=labels[keep],
        class_scores=probs[rows[keep], labels[keep]])
    return result[(boxes[:, 2:] > boxes[:, :2]).all(1)]


def drop_empty_boxes(sample: DetDataSample) -> None:
    """Leave the annotated boxes of which some is inside the image.

    The others have nothing to learn from, and one without an extent has no
    deltas.

    Args:
        sample: Its ``gt_instances`` are replaced if any are dropped.

    Raises:
        ValueError: If a box is not finite.
    """
    height, width = sample.img_shape[:2]
    boxes = get_box_tensor(sample.gt_instances.bboxes)
    if not boxes.isfinite().all():
        raise ValueError(
            f'image {sample.get("img_path", sample.get("img_id"))} has an '
            'annotated box that is not finite (NaN or infinite): correct its '
            'bbox in the ann_file of the dataset')
    x1, y1 = boxes[:, :2].clamp(min=0).unbind(1)
    inside = (boxes[:, 2].clamp(max=width) > x1) & (
        boxes[:, 3].clamp(max=height) > y1)
    if not inside.all():
        sample.gt_instances = sample.gt_instances[inside]
