"""Which detections of an image to show."""
from dataclasses import dataclass

import torch
from mmengine.structures import InstanceData
from torch import Tensor

from .options import check_options, is_integer, is_number

SCORES = ('fused', 'class')


@dataclass(frozen=True)
class Selection:
    """The options of the reference's demo.

    Boxes are ranked by the detector's score, whatever score is shown.

    Attributes:
        unique_boxes: Keep the best label of each box only.
        max_boxes: Keep that many of an image, the best ones; -1: all. (The
            reference counts before it drops small and repeated boxes.)
        min_area: Drop boxes of fewer square pixels of the original image.
        scores: Score to show: 'fused' with objectness, or 'class', the
            probability of the class before that.
        no_parts: Drop boxes that share half of the smaller area with a better
            one, of whatever class: parts of things, and things twice.
    """
    unique_boxes: bool = False
    max_boxes: int = -1
    min_area: float = 0
    scores: str = 'fused'
    no_parts: bool = False

    def __post_init__(self) -> None:
        if self.scores not in SCORES:
            raise ValueError(f'scores={self.scores!r}: choose one of '
                             f'{", ".join(map(repr, SCORES))}')
        check_options(dict(unique_boxes=self.unique_boxes,
                           no_parts=self.no_parts))
        if not is_integer(self.max_boxes) or self.max_boxes < -1 or (
                self.max_boxes == 0):
            raise ValueError(f'max_boxes={self.max_boxes!r}: give a positive '
                             'number, or -1 for all')
        if not is_number(self.min_area) or self.min_area < 0:
            raise ValueError(f'min_area={self.min_area!r}: give a number of '
                             'square pixels, not negative')

    def __call__(self, instances: InstanceData) -> InstanceData:
        """Select among detections: ``bboxes`` (M, 4) in original pixels,
        ``scores`` (M,) and, for ``scores='class'``, ``class_scores`` (M,).
        """
        order = instances.scores.argsort(descending=True, stable=True)
        instances = instances[order]
        if self.min_area > 0:
            instances = instances[areas(instances.bboxes) >= self.min_area]
        if self.unique_boxes:
            instances = instances[first_of_each(instances.bboxes)]
        if self.no_parts:
            instances = instances[distinct(instances.bboxes)]
        if self.max_boxes > 0:
            instances = instances[:self.max_boxes]
        if self.scores == 'class':
            instances.scores = instances.class_scores
        return instances


def areas(boxes: Tensor) -> Tensor:
    """Areas (M,) of boxes (M, 4) as (x1, y1, x2, y2)."""
    return (boxes[:, 2:] - boxes[:, :2]).clamp(min=0).prod(1)


def distinct(boxes: Tensor, overlap: float = 0.5) -> Tensor:
    """Indices of boxes (M, 4), best first, that lie in no better one.

    Other than NMS this also drops parts: a box goes if it shares more than
    ``overlap`` of the smaller area with a box that stays before it.
    """
    low = torch.maximum(boxes[:, None, :2], boxes[:, :2])
    high = torch.minimum(boxes[:, None, 2:], boxes[:, 2:])
    sizes = areas(boxes)
    hides = ((high - low).clamp(min=0).prod(-1)
             > overlap * torch.minimum(sizes[:, None], sizes)).triu(1)
    kept, before = torch.ones_like(sizes, dtype=torch.bool), None
    while before is None or not kept.equal(before):  # right from the top down
        before, kept = kept, ~(hides & kept[:, None]).any(0)
    return kept.nonzero()[:, 0]


def first_of_each(boxes: Tensor) -> Tensor:
    """Index of the first of each group of equal boxes (M, 4), ascending."""
    if len(boxes) == 0:
        return boxes.new_zeros(0, dtype=torch.long)
    _, group = boxes.unique(dim=0, return_inverse=True)
    rows = torch.arange(len(boxes), device=boxes.device)
    first = rows.new_full((int(group.max()) + 1, ), len(boxes))
    return first.scatter_reduce(0, group, rows, 'amin').sort().values
