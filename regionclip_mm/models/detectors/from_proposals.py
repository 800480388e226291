"""What lets a two-stage detector of mmdet take regions from any source."""
from typing import Any, Dict, Tuple

from torch import Tensor

from mmdet.models.detectors import FastRCNN
from mmdet.registry import MODELS
from mmdet.structures import SampleList


class FromProposals:
    """Base, before a detector of mmdet whose ``rpn_head`` is None, that has
    its proposals from a source: frozen RPN, annotations, file, ...

    Args:
        proposal_source: Config of a source of proposals.
        args, kwargs: As for the detector of mmdet.

    Raises:
        ValueError: If the detector has an RPN of its own.
    """

    def __init__(self, *args: Any, proposal_source: dict,
                 **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.with_rpn:
            raise ValueError(
                f'{type(self).__name__} has its regions from proposal_source, '
                'so it cannot have an RPN of its own: set model.rpn_head=None')
        self.proposal_source = MODELS.build(proposal_source)

    def loss(self, batch_inputs: Tensor,
             batch_data_samples: SampleList) -> Dict[str, Tensor]:
        """Losses of mmdet's second stage on proposals of the source.

        mmdet's bbox heads have no ``loss_cls`` where no image has a region;
        then it is a zero that depends on all weights that are trained, as DDP
        needs it.

        Args:
            batch_inputs: Normalised batch (N, 3, H, W).
            batch_data_samples: One sample per image, annotated in network
                pixels; its ``proposals`` are replaced by the source's.
        """
        self._propose(batch_inputs, batch_data_samples)
        losses = super().loss(batch_inputs, batch_data_samples)
        if not any(key.endswith('loss_cls') for key in losses):
            losses['loss_cls'] = 0. * sum(
                weight.sum() for weight in self.parameters()
                if weight.requires_grad)
        return losses

    def predict(self, batch_inputs: Tensor, batch_data_samples: SampleList,
                rescale: bool = True) -> SampleList:
        """Detect in the proposals of the source; see mmdet's ``predict``. The
        ``proposals`` of the samples are replaced by them."""
        self._propose(batch_inputs, batch_data_samples)
        return super().predict(batch_inputs, batch_data_samples, rescale)

    def _forward(self, batch_inputs: Tensor,
                 batch_data_samples: SampleList) -> Tuple[Tensor, ...]:
        """Logits and deltas before post-processing, as in mmdet."""
        self._propose(batch_inputs, batch_data_samples)
        return super()._forward(batch_inputs, batch_data_samples)

    def _propose(self, inputs: Tensor, samples: SampleList) -> None:
        self.proposal_source.fill(inputs, samples, self.data_preprocessor)


@MODELS.register_module()
class SourcedFastRCNN(FromProposals, FastRCNN):
    """mmdet's ``FastRCNN`` with proposals of a source, so that its data needs
    none."""
