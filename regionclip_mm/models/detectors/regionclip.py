"""The open-vocabulary detector."""
import warnings
from typing import Dict, List, Optional, Sequence, Tuple, Union

import torch
from torch import Tensor

from mmdet.models.detectors import TwoStageDetector
from mmdet.registry import MODELS
from mmdet.structures import SampleList

from ...text import Vocabulary
from ..utils import LoadingRecord, check_fusion
from .from_proposals import FromProposals
from .open_vocabulary import OpenVocabulary, check_arch

Maps = Optional[Tuple[Tensor, ...]]
TEST_PARTS = ('rcnn', 'rpn', 'chunked_size')
# Keys of the region encoder; what else there is may begin at random.
ENCODER = ('backbone.', 'roi_head.shared_head.',
           'roi_head.bbox_head.region_pool.')


@MODELS.register_module()
class RegionCLIP(OpenVocabulary, FromProposals, TwoStageDetector):
    """RegionCLIP (CVPR 2022): regions of an image, matched with words.

    A frozen proposal source says where to look, CLIP's ResNet embeds each
    region, and the embeddings of a vocabulary's names classify it.

    Args:
        backbone: Config of a :class:`CLIPResNet` up to layer3.
        roi_head: Config of a :class:`RegionRoIHead`.
        proposal_source: Config of a source of proposals.
        text_encoder: Config of a :class:`CLIPTextEncoder`, for
            :meth:`set_vocabulary` with plain words; None for a detector that
            only reads vocabulary files.
        prompt_templates: Templates around those words: a name known to
            :func:`encode_vocabulary`, or a list of strings with ``{}``.
        neck, train_cfg, test_cfg, data_preprocessor, init_cfg: As in mmdet.
    """

    def __init__(self,
                 backbone: dict,
                 roi_head: dict,
                 proposal_source: dict,
                 text_encoder: Optional[dict] = None,
                 prompt_templates: Union[str, Sequence[str]] = 'clip81',
                 neck: Optional[dict] = None,
                 train_cfg: Optional[dict] = None,
                 test_cfg: Optional[dict] = None,
                 data_preprocessor: Optional[dict] = None,
                 init_cfg: Optional[Union[dict, list]] = None) -> None:
        _check_test_cfg(test_cfg)
        super().__init__(backbone, neck, None, roi_head, train_cfg, test_cfg,
                         data_preprocessor, init_cfg,
                         proposal_source=proposal_source,
                         text_encoder=text_encoder,
                         prompt_templates=prompt_templates)
        check_fusion((self.test_cfg or {}).get('rcnn', {}).get(
            'objectness', 'none'),
            getattr(self.proposal_source, 'gives_logits', True))
        # These two keep a record of their own.
        self.record = LoadingRecord(self, ('proposal_source.',
                                           'text_encoder.'))
        self._trained = False

    def encode_regions(self, inputs: Tensor, boxes: List[Tensor],
                       trunk: Maps = None) -> Tensor:
        """Embed regions of images.

        Args:
            inputs: Normalised batch (N, 3, H, W).
            boxes: Boxes (R_i, 4) of each image in network pixels; R_i may
                be 0.
            trunk: See :meth:`feature_maps`.

        Returns:
            Region embeddings (sum R_i, D), not normalised.
        """
        check_boxes(boxes, len(inputs))
        return self.roi_head.encode_regions(
            self.feature_maps(inputs, trunk), boxes)

    def classify_regions(self, embeddings: Tensor) -> Tensor:
        """Ask the vocabulary of testing, in evaluation mode, what regions are.

        Args:
            embeddings: Of regions (R, D), normalised or not.

        Returns:
            Probabilities (R, K + 1), background last.

        Raises:
            RuntimeError: If there is no vocabulary.
            ValueError: If the vocabulary is of another CLIP.
        """
        self._checked_vocabulary()
        return self.classifiers[0](embeddings).softmax(-1)

    def feature_maps(self, inputs: Tensor,
                     trunk: Maps = None) -> Tuple[Tensor, ...]:
        """What regions are pooled from.

        Args:
            inputs: Normalised batch (N, 3, H, W).
            trunk: What ``backbone.trunk`` gives of it, if that is known.

        Returns:
            Maps of the backbone (and neck).
        """
        if trunk is None:
            return self.extract_feat(inputs)
        maps = self.backbone.after_trunk(trunk)
        return self.neck(maps) if self.with_neck else maps

    def loss(self, batch_inputs: Tensor,
             batch_data_samples: SampleList) -> Dict[str, Tensor]:
        """Losses of mmdet's second stage on proposals of the source.

        Raises:
            RuntimeError: If a checkpoint was loaded that lacks weights of
                the region encoder.
        """
        if not self._trained:
            self._check_encoder()
        self._trained = True
        return super().loss(batch_inputs, batch_data_samples)

    def predict(self,
                batch_inputs: Tensor,
                batch_data_samples: SampleList,
                rescale: bool = True) -> SampleList:
        """Detect in the regions of the source; see :class:`OpenVocabulary`.

        Raises:
            RuntimeError: If a checkpoint was loaded that lacks weights, or
                there is no vocabulary.
            ValueError: If the vocabulary is of another CLIP.
        """
        self._check_weights()
        return super().predict(batch_inputs, batch_data_samples, rescale)

    def _check_weights(self) -> None:
        missing = self.record.missing()
        if self._trained or not missing:
            return
        if not self.record.attempted:
            warnings.warn('no checkpoint was loaded: detections of random '
                          'weights mean nothing')
            return
        raise RuntimeError(
            f'the checkpoint lacks {len(missing)} of the '
            f"detector's {len(self.record.wanted)} weights "
            f'({", ".join(missing[:3])}, ...), which would be random: '
            'released files need tools/model_converters/regionclip.py first, '
            'and the config must be the one they were converted for')

    def _check_encoder(self) -> None:
        missing = [key for key in self.record.missing()
                   if key.startswith(ENCODER)]
        if self.record.attempted and missing:
            raise RuntimeError(
                f'the checkpoint to train from lacks {len(missing)} weights '
                f'of the region encoder ({", ".join(missing[:3])}, ...), or '
                'has them in other shapes: load_from must be of the same '
                'arch, converted by tools/model_converters with '
                '--for-training')

    def _checked_vocabulary(self) -> Vocabulary:
        vocabulary = super()._checked_vocabulary()
        check_arch(vocabulary, self.backbone, 'backbone')
        return vocabulary


def _check_test_cfg(test_cfg: Optional[dict]) -> None:
    unknown = sorted(set(test_cfg or ()) - set(TEST_PARTS))
    if unknown:
        raise ValueError(f'model.test_cfg has {", ".join(unknown)}; it takes '
                         f'{", ".join(TEST_PARTS)}')


def whole_images(inputs: Tensor) -> Tensor:
    """Regions (N, 5) of the images of a batch (N, 3, H, W).

    Parity: an image is the region of the whole, padded batch.
    """
    height, width = inputs.shape[-2:]
    rois = inputs.new_zeros(len(inputs), 5)
    rois[:, 0] = torch.arange(len(inputs), device=inputs.device)
    rois[:, 3], rois[:, 4] = width, height
    return rois


def check_boxes(boxes: List[Tensor], images: int) -> None:
    """Raise unless there are finite boxes (R_i, 4) for each image; RoIAlign
    itself would read beyond the batch, or never end."""
    if len(boxes) != images:
        raise ValueError(f'{len(boxes)} tensors of boxes for {images} images: '
                         'give one for each image, (0, 4) for none')
    for index, one in enumerate(boxes):
        if one.ndim != 2 or one.shape[1] != 4:
            raise ValueError(f'the boxes of image {index} have shape '
                             f'{tuple(one.shape)}, not (R, 4)')
    # A GPU is waited for once, not for each image.
    bad = [~one.isfinite().all(1) | (one[:, 2:] < one[:, :2]).any(1)
           for one in boxes]
    if bad and torch.cat(bad).any():
        index = next(i for i, one in enumerate(bad) if one.any())
        raise ValueError(f'the boxes of image {index} are not all finite '
                         'with x1 <= x2 and y1 <= y2')
