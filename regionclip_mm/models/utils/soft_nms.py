"""Class-aware soft-NMS, all classes at once, exact for any class count."""
import functools
from typing import Any, Callable, Dict, Tuple

import torch
from torch import Tensor

Decay = Callable[[Tensor, float, float], Tensor]


def _gaussian(iou: Tensor, sigma: float, iou_threshold: float) -> Tensor:
    return torch.exp(-iou**2 / sigma)


def _linear(iou: Tensor, sigma: float, iou_threshold: float) -> Tensor:
    return torch.where(iou > iou_threshold, 1 - iou, 1.0)


def _naive(iou: Tensor, sigma: float, iou_threshold: float) -> Tensor:
    return (iou < iou_threshold).to(iou)


#: Method, as mmcv names it -> factor of a score at an IoU with a better box.
DECAYS: Dict[str, Decay] = dict(
    gaussian=_gaussian, linear=_linear, naive=_naive)


def class_aware_soft_nms(boxes: Tensor,
                         scores: Tensor,
                         labels: Tensor,
                         iou_threshold: float = 0.3,
                         sigma: float = 0.5,
                         min_score: float = 1e-3,
                         method: str = 'linear',
                         max_num: int = -1) -> Tuple[Tensor, Tensor]:
    """Lower, inside each class, the scores of boxes that overlap better ones.

    The literal form picks the best box of all, multiplies the scores of the
    others of its class by a function of their IoU with it, drops those of
    ``min_score`` or less, and begins again. Classes do not touch, so here each
    round picks the best box of every class. Scores only fall: those below the
    ``max_num``-th best pick are dropped, too; without it, thousands of boxes
    of one class take seconds. Coordinates get no offsets.

    Args:
        boxes: (N, 4) as (x1, y1, x2, y2) in pixels, finite, any sign.
        scores: (N,), finite.
        labels: (N,) integers from 0.
        iou_threshold: For 'linear', IoUs above it count; for 'naive', boxes
            of at least this IoU are dropped; unused by 'gaussian'.
        sigma: Of 'gaussian', ``exp(-IoU^2 / sigma)``.
        min_score: Decayed scores must exceed it.
        method: A key of :data:`DECAYS`.
        max_num: Number of boxes to return; -1 for all.

    Returns:
        Indices of the kept boxes (M,) and their decayed scores, best first.
    """
    decay = DECAYS[method]
    if len(boxes) == 0 or max_num == 0:
        return labels.new_zeros(0, dtype=torch.long), scores[:0]
    index = torch.argsort(labels, stable=True)
    boxes, scores = boxes[index], scores[index]
    group = torch.unique_consecutive(labels[index], return_inverse=True)[1]
    # The reference never drops the first pick, however low it scores.
    keep = scores > min_score
    keep[scores.argmax()] = True
    picks, values = [], []
    while True:
        index, boxes, scores, group = (
            x[keep] for x in (index, boxes, scores, group))
        if len(index) == 0:
            break
        group = torch.unique_consecutive(group, return_inverse=True)[1]
        best = _first_best(scores, group)
        picks.append(index[best])
        values.append(scores[best])
        iou = _iou(boxes, boxes[best][group])
        scores = scores * decay(iou, sigma, iou_threshold)
        keep = scores > min_score
        keep[best] = False
        if max_num > 0 and sum(map(len, values)) >= max_num:
            values = [torch.cat(values)]
            keep &= scores >= values[0].topk(max_num).values[-1]
    values, order = torch.cat(values).sort(descending=True, stable=True)
    most = max_num if max_num > 0 else None
    return torch.cat(picks)[order[:most]], values[:most]


@functools.wraps(class_aware_soft_nms)
def offset_soft_nms(boxes: Tensor, scores: Tensor, labels: Tensor,
                    **options: Any) -> Tuple[Tensor, Tensor]:
    """The same with overlaps as the reference rounds them.

    Parity: the reference first moves the classes apart in the precision of
    the boxes, which at 1203 classes is 1/16 to 1/8 of a pixel. In
    g4_coco_ovd_rn50 1 of 100 scores changes by more than 0.001.
    """
    if len(boxes):
        offsets = labels.to(boxes) * (boxes.max() + 1)
        boxes = boxes + offsets[:, None]
    return class_aware_soft_nms(boxes, scores, labels, **options)


def _first_best(scores: Tensor, group: Tensor) -> Tensor:
    """Row of the best score of each group, the first of equal ones.

    Args:
        scores: (N,).
        group: (N,), ascending from 0 without gaps.

    Returns:
        Rows (G,).
    """
    count = int(group[-1]) + 1
    best = scores.new_zeros(count).scatter_reduce(
        0, group, scores, 'amax', include_self=False)
    rows = torch.arange(len(scores), device=scores.device)
    rows = rows.where(scores == best[group], len(scores))
    return rows.new_zeros(count).scatter_reduce(
        0, group, rows, 'amin', include_self=False)


def _iou(first: Tensor, second: Tensor) -> Tensor:
    """IoU (N,) of the boxes (N, 4) of each row; 0 where they do not meet."""
    low = torch.maximum(first[:, :2], second[:, :2])
    high = torch.minimum(first[:, 2:], second[:, 2:])
    shared = (high - low).clamp(min=0).prod(1)
    areas = [(x[:, 2:] - x[:, :2]).prod(1) for x in (first, second)]
    return torch.where(shared > 0, shared / (areas[0] + areas[1] - shared),
                       0.0)
