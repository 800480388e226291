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
    """
    unique_boxes: bool = False
    max_boxes: int = -1
    min_area: float = 0
    scores: str = 'fused'

    def __post_init__(self) -> None:
        if self.scores not in SCORES:
            raise ValueError(f'scores={self.scores!r}: choose one of '
                             f'{", ".join(map(repr, SCORES))}')
        check_options(dict(unique_boxes=self.unique_boxes))
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
        if self.max_boxes > 0:
            instances = instances[:self.max_boxes]
        if self.scores == 'class':
            instances.scores = instances.class_scores
        return instances


def areas(boxes: Tensor) -> Tensor:
    """Areas (M,) of boxes (M, 4) as (x1, y1, x2, y2)."""
    return (boxes[:, 2:] - boxes[:, :2]).clamp(min=0).prod(1)


def first_of_each(boxes: Tensor) -> Tensor:
    """Index of the first of each group of equal boxes (M, 4), ascending."""
    if len(boxes) == 0:
        return boxes.new_zeros(0, dtype=torch.long)
    _, group = boxes.unique(dim=0, return_inverse=True)
    rows = torch.arange(len(boxes), device=boxes.device)
    first = rows.new_full((int(group.max()) + 1, ), len(boxes))
    return first.scatter_reduce(0, group, rows, 'amin').sort().values
