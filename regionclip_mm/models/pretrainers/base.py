"""What region-text pretraining is, whoever names the regions."""
from abc import ABCMeta, abstractmethod
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import torch
from torch import Tensor, nn

from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmdet.structures.bbox import bbox2roi

from ..detectors import RegionCLIP
from ..detectors.regionclip import Maps, whole_images
from .checks import (UNTRAINED, check_distillation, check_frozen, check_pool,
                     check_pool_arch, check_settings, texts_of)


class PseudoLabels(NamedTuple):
    """What the teacher says of the R regions of a batch.

    Attributes:
        labels: The best concept of each (R,).
        scores: Its probability (R,).
        targets: What ``loss_region_distill`` takes beside the student's
            logits: tensors (R, ...).
    """
    labels: Tensor
    scores: Tensor
    targets: Tuple[Tensor, ...]


class BaseRegionTextPretrainer(RegionCLIP, metaclass=ABCMeta):
    """The student of RegionCLIP's pretraining (CVPR 2022, 3.3).

    It is a detector whose training vocabulary is the concept pool, so that
    its checkpoints are those of a detector and it is evaluated as one. In
    training mode three losses are computed: ``loss_region_distill`` and
    ``loss_concept_contrastive`` on regions that the teacher is sure of,
    ``loss_img_txt_level`` on whole images.

    Args:
        num_regions: Regions per image, drawn from all that there are.
        concept_thr: Regions whose best concept has no higher probability by
            the teacher take no part, unless all are such.
        loss_region_distill, loss_concept_contrastive, loss_img_txt: Configs
            of the losses; None leaves one out.
        kwargs: Arguments of :class:`RegionCLIP`.

    Attributes:
        labeller: Who labels the regions: a part of this name, or what the
            data brings along. The classes of the data do not.
        distill_loss: A loss that takes ``distill_targets``.
        distill_targets: What ``loss_region_distill`` is given behind the
            student's logits: names of the ``targets`` of
            :class:`PseudoLabels`.
    """

    labeller = 'region_labels'
    distill_loss: str
    distill_targets: Tuple[str, ...]

    def __init__(self,
                 *,
                 num_regions: int = 100,
                 concept_thr: float = 0.1,
                 loss_region_distill: Optional[dict] = None,
                 loss_concept_contrastive: Optional[dict] = dict(
                     type='ConceptContrastiveLoss'),
                 loss_img_txt: Optional[dict] = dict(
                     type='ImageTextContrastiveLoss'),
                 **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_settings(num_regions, concept_thr)
        self.num_regions = num_regions
        self.concept_thr = concept_thr
        self.loss_region_distill = _build(loss_region_distill)
        check_distillation(self.loss_region_distill, type(self).__name__,
                           self.distill_loss, self.distill_targets)
        self.loss_concept_contrastive = _build(loss_concept_contrastive)
        self.loss_img_txt = _build(loss_img_txt)
        for name, module in self.named_modules():
            if name in UNTRAINED:  # DistributedDataParallel refuses them
                module.requires_grad_(False)

    def loss(self, batch_inputs: Tensor,
             batch_data_samples: SampleList) -> Dict[str, Tensor]:
        """Losses of a batch of image-caption pairs.

        Args:
            batch_inputs: Normalised batch (N, 3, H, W).
            batch_data_samples: One sample per image; ``text`` is its
                caption.

        Returns:
            The losses in use; ``kept`` is the share of the regions that the
            teacher is sure of, ``acc_concept`` the percentage of these (of
            all, if there are none) that the student names as the teacher
            does.

        Raises:
            RuntimeError: If weights lack.
            ValueError: If the teacher's concepts are others, or there is no
                caption.
        """
        if not self._trained:
            self.check_training()
            self._trained = True
        text = None
        if self.loss_img_txt is not None:  # first, as it waits for the GPU
            text = self._encode_texts(texts_of(batch_data_samples))
        trunk, boxes, pseudo = self._regions(batch_inputs, batch_data_samples)
        sure = pseudo.scores > self.concept_thr
        # The others are not even encoded. As numbers of rows: a mask makes
        # each tensor that it indexes wait for the GPU.
        kept = (sure | ~sure.any()).nonzero()[:, 0]
        regions, images = self._encode(batch_inputs, trunk,
                                       bbox2roi(boxes)[kept])
        losses = dict(
            kept=sure.float().mean() if len(sure) else pseudo.scores.sum())
        losses.update(self._region_losses(
            classify(self, regions), pseudo.labels[kept],
            tuple(target[kept] for target in pseudo.targets)))
        if text is not None:
            # in float32 where text is in less, under autocast
            scale = text.new_full((), 1 / self._temperature,
                                  dtype=torch.float32)
            losses['loss_img_txt_level'] = self.loss_img_txt(
                images, text, scale)
        return losses

    @abstractmethod
    def _regions(self, inputs: Tensor, samples: SampleList
                 ) -> Tuple[Maps, List[Tensor], PseudoLabels]:
        """Regions to learn from.

        Returns:
            What is known of the student's trunk (None: nothing), boxes
            (R_i, 4) of each image in network pixels, and their labels.
        """

    def check_training(self) -> None:
        """Raise, before the first step, if training cannot begin.

        Raises:
            RuntimeError: If weights lack.
            ValueError: If concepts or the text tower lack or do not suit.
        """
        if not (self.loss_region_distill or self.loss_concept_contrastive
                or self.loss_img_txt):
            raise ValueError(
                'nothing would be learned: set one of model.'
                'loss_region_distill, loss_concept_contrastive and '
                'loss_img_txt')
        pool = self.classifiers[0].train_vocabulary
        check_pool(pool)
        check_pool_arch(pool, self, 'model')
        self._check_encoder()
        self.proposal_source.check_weights()
        if self.loss_img_txt is not None:
            if self.text_encoder is None:
                raise ValueError('loss_img_txt encodes captions: set model.'
                                 'text_encoder, or loss_img_txt=None')
            check_frozen(self.text_encoder)
            self.text_encoder.require_weights()

    @property
    def _temperature(self) -> float:
        return self.classifiers[0].temperature

    def _draw(self, boxes: Tensor) -> Tensor:
        """Rows of some of the boxes (R, 4), at random."""
        order = torch.randperm(len(boxes), device=boxes.device)
        return order[:self.num_regions]

    def _encode(self, inputs: Tensor, trunk: Maps,
                rois: Tensor) -> Tuple[Tensor, Tensor]:
        """The student's embeddings of regions and of whole images.

        Args:
            inputs: Normalised batch (N, 3, H, W).
            trunk: See :meth:`feature_maps`.
            rois: Regions (R, 5): image, and box in network pixels.

        Returns:
            Embeddings (R, D) and (N, D).
        """
        embeddings = self.roi_head.encode_rois(
            self.feature_maps(inputs, trunk),
            torch.cat([rois, whole_images(inputs)]))
        return embeddings.split([len(rois), len(inputs)])

    def _region_losses(self, logits: Tensor, labels: Tensor,
                       targets: Tuple[Tensor, ...]) -> Dict[str, Tensor]:
        """Losses of the student's logits (R, K)."""
        losses = dict()
        if len(labels):
            losses['acc_concept'] = 100 * (
                logits.argmax(-1) == labels).float().mean()
        if self.loss_region_distill is not None:
            losses['loss_region_distill'] = self.loss_region_distill(
                logits, *targets)
        if self.loss_concept_contrastive is not None:
            losses['loss_concept_contrastive'] = (
                self.loss_concept_contrastive(logits, labels))
        return losses

    @torch.no_grad()
    def _encode_texts(self, texts: List[str]) -> Tensor:
        """Captions -> embeddings (N, D)."""
        ids = self.text_encoder.tokenizer(texts)
        return self.text_encoder(
            ids.to(next(self.text_encoder.parameters()).device))


def classify(detector: RegionCLIP, embeddings: Tensor) -> Tensor:
    """Embeddings (R, D) -> logits (R, K) without the background."""
    return detector.classifiers[0](embeddings)[:, :-1]


def _build(cfg: Optional[dict]) -> Optional[nn.Module]:
    return None if cfg is None else MODELS.build(cfg)
