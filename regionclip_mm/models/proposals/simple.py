"""Proposal sources without a network."""
from typing import List, Sequence

import torch
from mmengine.model import ImgDataPreprocessor
from mmengine.structures import InstanceData
from torch import Tensor

from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmdet.structures.bbox import get_box_tensor

from .base import BaseProposalSource, certain

# So many logits of an image are not all between 0 and 1.
MANY = 20


@MODELS.register_module()
class GTProposals(BaseProposalSource):
    """The annotated boxes: how well are regions named, apart from found?"""

    def propose(self, inputs: Tensor, data_samples: SampleList,
                preprocessor: ImgDataPreprocessor) -> List[InstanceData]:
        """See :class:`BaseProposalSource`; objectness is 1."""
        if any('gt_instances' not in s or 'bboxes' not in s.gt_instances
               for s in data_samples):
            raise ValueError(
                'GTProposals needs the annotated boxes of each image: put '
                "dict(type='LoadAnnotations', with_bbox=True) before Resize "
                'in the test pipeline, or choose another proposal_source')
        return [
            certain(get_box_tensor(s.gt_instances.bboxes).to(inputs.device))
            for s in data_samples
        ]


@MODELS.register_module()
class FileProposals(BaseProposalSource):
    """Boxes that mmdet's ``LoadProposals`` read from a file.

    ``LoadProposals`` gives zeros for a file without scores; its boxes then
    all count as certain (objectness 1), as annotated ones do.

    Args:
        logits: The file's scores are objectness logits
            (``tools/extract_proposals.py --logits``), which 'sqrt_logit'
            needs; float32 probabilities could not give them back.
    """

    def __init__(self, logits: bool = False) -> None:
        super().__init__()
        self.logits = logits
        self._checked = False

    @property
    def gives_logits(self) -> bool:
        """Whether its proposals have ``objectness_logits``."""
        return self.logits

    def propose(self, inputs: Tensor, data_samples: SampleList,
                preprocessor: ImgDataPreprocessor) -> List[InstanceData]:
        """See :class:`BaseProposalSource`; objectness as in the file."""
        if any(s.get('proposals', None) is None for s in data_samples):
            raise ValueError(
                'FileProposals found no proposals: set proposal_file of the '
                "dataset and put dict(type='LoadProposals') before "
                'ProposalBroadcaster in the pipeline')
        return [self._copy(s.proposals, s.img_shape, inputs)
                for s in data_samples]

    def _copy(self, loaded: InstanceData, img_shape: tuple,
              inputs: Tensor) -> InstanceData:
        """The same rows; what is outside of the image is cut off, and where
        the corners are in the wrong order no area is left."""
        boxes = get_box_tensor(loaded.bboxes).to(inputs.device).float()
        if not boxes.isfinite().all():
            raise ValueError('the proposal_file has boxes that are not finite '
                             '(NaN or infinite)')
        size = boxes.new_tensor([img_shape[1], img_shape[0]])
        first, second = (corner.clamp(min=0).minimum(size)
                         for corner in boxes.split(2, dim=1))
        result = certain(torch.cat([first, second.maximum(first)], 1))
        if 'scores' in loaded and loaded.scores.any():
            self._set_objectness(result, loaded.scores.to(boxes))
        return result

    def _set_objectness(self, result: InstanceData, scores: Tensor) -> None:
        """Write the scores (R,) of the file into its proposals."""
        if self.logits:
            if not self._checked and len(scores) >= MANY:
                self._check_logits(scores)
            result.objectness_logits = scores
            result.scores = scores.sigmoid()
            return
        if scores.min() < 0 or scores.max() > 1:
            raise ValueError(
                f'the scores in the proposal_file are from {scores.min():.3g} '
                f'to {scores.max():.3g}, so they are no probabilities: if '
                'they are logits, set proposal_source.logits=True')
        result.scores = scores

    def _check_logits(self, scores: Tensor) -> None:
        """Raise if the scores (R,) of the first image look like
        probabilities."""
        if scores.min() >= 0 and scores.max() <= 1:
            raise ValueError(
                f'the {len(scores)} scores of an image in the proposal_file '
                f'are from {scores.min():.3g} to {scores.max():.3g}, as '
                'probabilities are, but proposal_source.logits=True: write '
                'the file with tools/extract_proposals.py --logits, or set '
                'logits=False')
        self._checked = True


@MODELS.register_module()
class RandomProposals(BaseProposalSource):
    """Boxes of random size and place, the baseline of the paper's ablation.

    Args:
        num: Boxes per image.
        min_size: Least side as a fraction of the image's.
    """

    def __init__(self, num: int = 100, min_size: float = 0.05) -> None:
        super().__init__()
        self.num = num
        self.min_size = min_size

    def propose(self, inputs: Tensor, data_samples: SampleList,
                preprocessor: ImgDataPreprocessor) -> List[InstanceData]:
        """See :class:`BaseProposalSource`; drawn from torch's generator."""
        return [certain(self._draw(s.img_shape, inputs)) for s in data_samples]

    def _draw(self, img_shape: tuple, like: Tensor) -> Tensor:
        size = like.new_tensor([img_shape[1], img_shape[0]])
        extent, place = torch.rand(2, self.num, 2, device=like.device)
        extent = self.min_size + (1 - self.min_size) * extent
        top_left = place * (1 - extent)
        return torch.cat([top_left, top_left + extent], 1) * size.repeat(2)


@MODELS.register_module()
class GridProposals(BaseProposalSource):
    """Square windows of several sizes at half-overlapping places.

    Args:
        sizes: Sides as fractions of the image's shorter side.
        min_side: Least side in network pixels; bounds the number of windows
            in long, thin images.
    """

    def __init__(self, sizes: Sequence[float] = (0.25, 0.5, 1.0),
                 min_side: float = 16.0) -> None:
        super().__init__()
        self.sizes = tuple(sizes)
        self.min_side = min_side

    def propose(self, inputs: Tensor, data_samples: SampleList,
                preprocessor: ImgDataPreprocessor) -> List[InstanceData]:
        """See :class:`BaseProposalSource`."""
        return [
            certain(torch.cat([self._windows(s.img_shape, f, inputs)
                               for f in self.sizes])) for s in data_samples
        ]

    def _windows(self, img_shape: tuple, fraction: float,
                 like: Tensor) -> Tensor:
        height, width = img_shape[:2]
        side = max(fraction * min(height, width), self.min_side)
        xs, ys = (
            torch.linspace(0, max(length - side, 0),
                           max(round(2 * length / side) - 1, 1),
                           device=like.device) for length in (width, height))
        y, x = torch.meshgrid(ys, xs, indexing='ij')
        top_left = torch.stack([x, y], -1).flatten(0, 1)
        size = top_left.new_tensor([min(side, width), min(side, height)])
        return torch.cat([top_left, top_left + size], 1)


@MODELS.register_module()
class WholeImageProposals(BaseProposalSource):
    """One box: the image."""

    def propose(self, inputs: Tensor, data_samples: SampleList,
                preprocessor: ImgDataPreprocessor) -> List[InstanceData]:
        """See :class:`BaseProposalSource`."""
        return [
            certain(inputs.new_tensor([[0, 0, s.img_shape[1],
                                        s.img_shape[0]]]))
            for s in data_samples
        ]
