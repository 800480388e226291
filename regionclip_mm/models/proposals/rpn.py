"""Proposals of a frozen RPN that has its own backbone and pixels."""
from typing import List, Optional

import torch
from mmengine.model import ImgDataPreprocessor
from mmengine.structures import InstanceData
from torch import Tensor, nn

from mmdet.models.dense_heads import RPNHead
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample, SampleList

from ..utils import LoadingRecord, check_dtype, in_dtype, to_pixels
from .base import BaseProposalSource

# mmdet's head gives sigmoids, from which float32 recovers no large logit. That
# of logit / 8 keeps the order; the error of what comes back is 4e-6 up to a
# logit of 25, 2e-4 at 50, and EPS keeps it finite beyond.
LOGIT_SCALE, EPS = 8.0, 6e-8


@MODELS.register_module()
class RPNProposals(BaseProposalSource):
    """An RPN or two-stage detector of mmdet as a fixed source of regions.

    Its head is an ``RPNHead`` or a subclass.

    It never trains: evaluation mode, no gradients, parameters frozen. Its
    weights are part of the detector's checkpoint (``proposal_source.rpn.*``).

    Args:
        rpn: Config of the detector, with its own ``data_preprocessor``: it
            is shown the original pixels, normalised and padded its own way.
            ``test_cfg.rpn`` (or ``test_cfg`` of an ``RPN``) decides the
            number of proposals and their NMS.
        inference_dtype: 'bfloat16' or 'float16' to run backbone and neck so,
            or None. Scores, boxes and NMS stay in float32.
    """

    gives_logits = True

    def __init__(self,
                 rpn: dict,
                 inference_dtype: Optional[str] = None) -> None:
        super().__init__()
        check_dtype('proposal_source.inference_dtype', inference_dtype)
        self.inference_dtype = inference_dtype
        self.rpn = MODELS.build(rpn)
        if not isinstance(self.head, RPNHead):
            raise ValueError(
                f"proposal_source.rpn: type='{type(self.rpn).__name__}' has "
                'no RPNHead; give an RPN or a two-stage detector')
        self.rpn.requires_grad_(False).eval()
        self.record = LoadingRecord(self.rpn)

    @property
    def head(self) -> Optional[nn.Module]:
        """The RPN head."""
        own = getattr(self.rpn, 'rpn_head', None)
        return getattr(self.rpn, 'bbox_head', None) if own is None else own

    def check_weights(self) -> None:
        """Raise a RuntimeError unless all were loaded."""
        missing = self.record.missing()
        if missing:
            raise RuntimeError(
                'the RPN of proposal_source has no weights: no checkpoint '
                'with all of proposal_source.rpn.* was loaded (missing: '
                f'{", ".join(missing[:3])}{" ..." if missing[3:] else ""}). '
                'Merge the RPN into the detector with tools/model_converters '
                'and give the result (in training: load_from), or choose '
                'another proposal_source')

    def propose(self, inputs: Tensor, data_samples: SampleList,
                preprocessor: ImgDataPreprocessor) -> List[InstanceData]:
        """See :class:`BaseProposalSource`; best objectness first. Under
        autocast, too, the RPN works in the precision of its own."""
        self.check_weights()
        metas = [dict(img_shape=s.img_shape, ori_shape=s.img_shape,
                      scale_factor=(1.0, 1.0)) for s in data_samples]
        images = to_pixels(inputs, [m['img_shape'] for m in metas],
                           preprocessor)
        data = self.rpn.data_preprocessor(
            dict(inputs=images,
                 data_samples=[DetDataSample(metainfo=m) for m in metas]))
        # Half precision would make large logits infinite, and mmcv's NMS
        # has none.
        with torch.autocast(inputs.device.type, enabled=False):
            return self._detect(data['inputs'],
                                [s.metainfo for s in data['data_samples']])

    def _detect(self, inputs: Tensor,
                metas: List[dict]) -> List[InstanceData]:
        """Run the RPN on its own batch (N, 3, H', W')."""
        with in_dtype(self.inference_dtype, inputs.device):
            maps = self.rpn.extract_feat(inputs)
        scores, deltas = self.head(
            tuple(x.to(inputs.dtype) for x in maps))[:2]
        results = self.head.predict_by_feat(
            [s / LOGIT_SCALE for s in scores], deltas,
            batch_img_metas=metas, rescale=False)
        return [self._proposals(r) for r in results]

    @staticmethod
    def _proposals(result: InstanceData) -> InstanceData:
        logits = LOGIT_SCALE * torch.logit(result.scores, EPS)
        return InstanceData(bboxes=result.bboxes, scores=logits.sigmoid(),
                            objectness_logits=logits)

    def train(self, mode: bool = True) -> 'RPNProposals':
        """Switch mode; the RPN stays in evaluation."""
        super().train(mode)
        self.rpn.eval()
        return self
