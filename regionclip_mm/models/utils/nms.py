"""Class-aware non-maximum suppression that is exact for any class count."""
import torch
from torch import Tensor
from torchvision.ops import nms

# Boxes per call: long enough to amortise the call, short enough that the
# pairs of boxes of different classes, all compared in vain, stay few.
CHUNK = 1024


def class_aware_nms(boxes: Tensor, scores: Tensor, labels: Tensor,
                    iou_threshold: float) -> Tensor:
    """Suppress, inside each class, boxes that overlap a better one.

    Classes are moved apart by offsets, as usual, but in float64 and in groups
    of whole classes that together have about :data:`CHUNK` boxes: in float32
    the offsets of 1203 classes swallow an eighth of a pixel, and one call for
    all boxes compares every pair.

    Args:
        boxes: (N, 4) as (x1, y1, x2, y2) in pixels, any sign.
        scores: (N,).
        labels: (N,) integers from 0.
        iou_threshold: Boxes with an IoU above it are suppressed.

    Returns:
        Indices of the kept boxes (M,), best score first.
    """
    if len(boxes) == 0:
        return labels.new_zeros(0, dtype=torch.long)
    order = torch.argsort(labels, stable=True)
    boxes, labels = boxes[order].double(), labels[order]
    span = (boxes.max() - boxes.min() + 1).ceil()
    new = torch.ones_like(labels, dtype=torch.bool)
    new[1:] = labels[1:] != labels[:-1]
    rank = new.cumsum(0)
    keep = []
    for begin, end in _chunks(new.nonzero().flatten().tolist(), len(boxes)):
        group = rank[begin:end] - rank[begin]
        shifted = boxes[begin:end] + (group * span)[:, None]
        keep.append(begin + nms(shifted, scores[order[begin:end]].double(),
                                iou_threshold))
    kept = order[torch.cat(keep)]
    return kept[torch.argsort(scores[kept], descending=True, stable=True)]


def _chunks(starts: list, total: int) -> list:
    """Cut ``[0, total)`` at class starts into pieces of about CHUNK boxes."""
    cuts = [0]
    for start, end in zip(starts, starts[1:] + [total]):
        if end - cuts[-1] > CHUNK and start > cuts[-1]:
            cuts.append(start)
    return list(zip(cuts, cuts[1:] + [total]))
