"""Which regions of an image have their features extracted."""
import hashlib
from typing import Any, Dict, List, NamedTuple, Optional, Protocol

import torch
from mmengine.structures import InstanceData
from torch import nn

from .feature_images import Boxes
from .region_features import clip_boxes, given, propose, scale_of_boxes


class Chosen(NamedTuple):
    """Regions of an image.

    Attributes:
        regions: ``bboxes`` (N, 4) in original pixels, ``scores`` (N,); of
            detections also ``labels`` (N,) and ``class_scores`` (N,).
        problem: What was left out, in words, or None.
    """
    regions: InstanceData
    problem: Optional[str] = None


class RegionSource(Protocol):
    """Chooses regions; can be sent to other processes."""

    def __call__(self, model: nn.Module, batch: dict, path: str) -> Chosen:
        """Regions of one image.

        Args:
            model: The detector.
            batch: See :func:`.region_features.network_input`.
            path: Of the image.
        """

    def record(self) -> Dict[str, Any]:
        """What there is to note of it; plain data."""


class Proposals:
    """Those of the config's ``proposal_source``."""

    #: Parts of ``cfg.model`` that have a say in where the regions are.
    parts = ('proposal_source', )

    def __call__(self, model: nn.Module, batch: dict, path: str) -> Chosen:
        """See :class:`RegionSource`."""
        return Chosen(propose(model, batch))

    def record(self) -> Dict[str, Any]:
        """See :class:`RegionSource`."""
        return dict(kind='proposals')


class Detections:
    """What the detector finds with its vocabulary; the objectness of a
    region is the score of the detection."""

    parts = ('proposal_source', 'test_cfg')

    @torch.no_grad()
    def __call__(self, model: nn.Module, batch: dict, path: str) -> Chosen:
        """See :class:`RegionSource`."""
        [sample] = model.predict(batch['inputs'], batch['data_samples'],
                                 rescale=False)
        found = sample.pred_instances.cpu()
        return Chosen(InstanceData(
            bboxes=found.bboxes / scale_of_boxes(sample), scores=found.scores,
            labels=found.labels, class_scores=found.class_scores))

    def record(self) -> Dict[str, Any]:
        """See :class:`RegionSource`."""
        return dict(kind='detections')


class GivenBoxes:
    """Boxes of a file, cut off at the border of their image.

    Args:
        boxes: Path of an image -> (N, 4) in original pixels; an image that
            is not there has none.
    """

    parts = ()

    def __init__(self, boxes: Boxes) -> None:
        self.boxes = boxes

    def __call__(self, model: nn.Module, batch: dict, path: str) -> Chosen:
        """See :class:`RegionSource`; boxes without area are left out."""
        [sample] = batch['data_samples']
        boxes = torch.from_numpy(self.boxes[path]) if path in self.boxes else (
            torch.zeros(0, 4))
        clipped, empty = clip_boxes(boxes, *sample.ori_shape[:2])
        problem = None
        if empty.any():
            first = boxes[empty][0].tolist()
            problem = (f'{path}: {int(empty.sum())} of {len(boxes)} boxes '
                       f'have no area inside of the image: {first}')
        return Chosen(given(clipped[~empty]), problem)

    def record(self) -> Dict[str, Any]:
        """See :class:`RegionSource`."""
        digest = hashlib.sha256()
        lines: List[str] = sorted(self.boxes)
        for path in lines:
            digest.update(path.encode(errors='surrogatepass'))
            digest.update(self.boxes[path].tobytes())
        return dict(kind='boxes', boxes_sha256=digest.hexdigest())
