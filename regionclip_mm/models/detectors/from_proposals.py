"""What lets a two-stage detector of mmdet take regions from any source."""
from typing import Any, Dict, Tuple

from torch import Tensor

from mmdet.models.detectors import FastRCNN
from mmdet.registry import MODELS
from mmdet.structures import SampleList

from .open_vocabulary import OpenVocabulary


class FromProposals:
    """Base, before a detector of mmdet whose ``rpn_head`` is None, that has
    its proposals from a source: frozen RPN, annotations, file, ...

    Args:
        proposal_source: Config of a source of proposals.
        args, kwargs: As for the detector of mmdet.
    """

    def __init__(self, *args: Any, proposal_source: dict,
                 **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.proposal_source = MODELS.build(proposal_source)

    def loss(self, batch_inputs: Tensor,
             batch_data_samples: SampleList) -> Dict[str, Tensor]:
        """Losses of mmdet's second stage on proposals of the source."""
        self._propose(batch_inputs, batch_data_samples)
        return super().loss(batch_inputs, batch_data_samples)

    def predict(self, batch_inputs: Tensor, batch_data_samples: SampleList,
                rescale: bool = True) -> SampleList:
        """Detect in the proposals of the source."""
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


@MODELS.register_module()
class OpenVocabularyFastRCNN(OpenVocabulary, FromProposals, FastRCNN):
    """The same, finding words: its ``bbox_head`` has a text classifier as
    ``cls_predictor_cfg``."""
