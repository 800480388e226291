"""What every source of proposals does."""
from abc import ABCMeta, abstractmethod
from typing import List

import torch
from mmengine.model import BaseModule, ImgDataPreprocessor
from mmengine.structures import InstanceData
from torch import Tensor

from mmdet.structures import SampleList


class BaseProposalSource(BaseModule, metaclass=ABCMeta):
    """Proposals are data: a source fills ``data_sample.proposals``."""

    #: Whether its proposals have ``objectness_logits``.
    gives_logits = False

    def fill(self, inputs: Tensor, data_samples: SampleList,
             preprocessor: ImgDataPreprocessor) -> None:
        """Set ``proposals`` of each sample to fresh :class:`InstanceData`.

        Args:
            inputs: Normalised batch (N, 3, H, W).
            data_samples: One sample per image.
            preprocessor: The detector's preprocessor, which made ``inputs``.
        """
        with torch.no_grad():
            proposals = self.propose(inputs, data_samples, preprocessor)
        for sample, instances in zip(data_samples, proposals):
            sample.proposals = instances

    def check_weights(self) -> None:
        """Raise a RuntimeError if it lacks weights."""

    @abstractmethod
    def propose(self, inputs: Tensor, data_samples: SampleList,
                preprocessor: ImgDataPreprocessor) -> List[InstanceData]:
        """Proposals of each image.

        Returns:
            Per image ``bboxes`` (R, 4) in network pixels, ``scores`` (R,),
            objectness probabilities, and where it is known
            ``objectness_logits`` (R,).
        """


def certain(boxes: Tensor) -> InstanceData:
    """Proposals with objectness probability 1 and no logits."""
    boxes = boxes.float()
    return InstanceData(bboxes=boxes, scores=boxes.new_ones(len(boxes)))
