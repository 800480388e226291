"""Region-text pretraining: a detector learns concepts from a teacher."""
from typing import Any, Dict, List, Optional, Tuple

import torch
from torch import Tensor, nn

from mmdet.registry import MODELS
from mmdet.structures import SampleList

from ..detectors import RegionCLIP
from .checks import check_pools, check_teacher, texts_of

TEACHER = 'teacher.'


@MODELS.register_module()
class RegionTextPretrainer(RegionCLIP):
    """RegionCLIP's pretraining from image-caption pairs (CVPR 2022, 3.3).

    It is the student, a detector whose training vocabulary is the concept
    pool, so that its checkpoints are those of a detector and it is evaluated
    as one. A frozen teacher, another detector with the same concepts, names
    the student's proposals. In training mode three losses are computed:
    ``loss_region_distill`` and ``loss_concept_contrastive`` on regions that
    the teacher is sure of, ``loss_img_txt_level`` on whole images.

    Parity: ``g6_pretrain_rn50``, ``g6_gather_2proc``.

    Args:
        teacher: Config of a :class:`RegionCLIP` whose vocabulary has the
            concepts of the pool in the same order; its CLIP may be another
            one. Its weights are not part of checkpoints: they come from its
            ``init_cfg=dict(type='Pretrained', checkpoint=...)``. Its source
            of proposals is not used.
        num_regions: Regions per image, drawn from the proposals.
        concept_thr: Regions whose best concept has no higher probability by
            the teacher take no part, unless all are such.
        loss_region_distill, loss_concept_contrastive, loss_img_txt: Configs
            of the losses; None leaves one out.
        kwargs: Arguments of :class:`RegionCLIP`.
    """

    labeller = 'teacher'  # for VocabularyCheckHook: the data has no classes

    def __init__(self,
                 *,
                 teacher: dict,
                 num_regions: int = 100,
                 concept_thr: float = 0.1,
                 loss_region_distill: Optional[dict] = dict(
                     type='RegionDistillLoss'),
                 loss_concept_contrastive: Optional[dict] = dict(
                     type='ConceptContrastiveLoss'),
                 loss_img_txt: Optional[dict] = dict(
                     type='ImageTextContrastiveLoss'),
                 **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.teacher = MODELS.build(teacher).requires_grad_(False).eval()
        self.num_regions = num_regions
        self.concept_thr = concept_thr
        self.loss_region_distill = _build(loss_region_distill)
        self.loss_concept_contrastive = _build(loss_concept_contrastive)
        self.loss_img_txt = _build(loss_img_txt)
        for name, parameter in self.named_parameters():
            if '.fc_reg.' in name or '.mask_head.' in name:
                # no loss reaches it, which DistributedDataParallel refuses
                parameter.requires_grad_(False)
        self._shares_trunk: Optional[bool] = None  # known when weights are
        self.register_state_dict_post_hook(_leave_the_teacher_out)
        self.register_load_state_dict_post_hook(_expect_no_teacher)

    def train(self, mode: bool = True) -> 'RegionTextPretrainer':
        """Switch mode; the teacher stays in evaluation."""
        super().train(mode)
        self.teacher.eval()
        return self

    def loss(self, batch_inputs: Tensor,
             batch_data_samples: SampleList) -> Dict[str, Tensor]:
        """Losses of a batch of image-caption pairs.

        Args:
            batch_inputs: Normalised batch (N, 3, H, W).
            batch_data_samples: One sample per image; ``text`` is its
                caption.

        Returns:
            The losses in use; ``kept`` is the share of the regions that the
            teacher is sure of, ``acc_concept`` the percentage of these that
            the student names as the teacher does.

        Raises:
            RuntimeError: If student or teacher lack weights.
            ValueError: If their concepts differ, or there is no caption.
        """
        self._check_once()
        texts = texts_of(batch_data_samples) if self.loss_img_txt else None
        self._propose(batch_inputs, batch_data_samples)
        boxes = [self._draw(sample.proposals.bboxes)
                 for sample in batch_data_samples]
        trunk = self._trunk(batch_inputs)
        teacher_logits = self._teach(batch_inputs, trunk, boxes)
        regions, images = self._encode(batch_inputs, trunk, boxes)
        logits = self._classify(self, regions)
        losses = self._region_losses(logits, teacher_logits)
        if self.loss_img_txt is not None:
            text = self._encode_texts(texts)
            losses['loss_img_txt_level'] = self.loss_img_txt(
                images, text, text.new_tensor(1 / self._temperature))
        return losses

    @property
    def _temperature(self) -> float:
        return self.classifiers[0].temperature

    def _check_once(self) -> None:
        if self._trained:
            return
        self._check_encoder()
        check_teacher(self.teacher)
        check_pools(self.classifiers[0].train_vocabulary,
                    self.teacher.vocabulary)
        if self.loss_img_txt is not None:
            if self.text_encoder is None:
                raise ValueError('loss_img_txt encodes captions: set model.'
                                 'text_encoder, or loss_img_txt=None')
            self.text_encoder.require_weights()
        self._trained = True

    def _draw(self, boxes: Tensor) -> Tensor:
        """Boxes (R, 4) -> some of them, at random."""
        order = torch.randperm(len(boxes), device=boxes.device)
        return boxes[order[:self.num_regions]]

    def _trunk(self, inputs: Tensor) -> Optional[Tuple[Tensor, ...]]:
        """What student and teacher compute alike, if anything."""
        if self._shares_trunk is None:
            same = getattr(self.backbone, 'same_trunk', lambda other: False)
            self._shares_trunk = same(self.teacher.backbone)
        return self.backbone.trunk(inputs) if self._shares_trunk else None

    @torch.no_grad()
    def _teach(self, inputs: Tensor, trunk: Optional[Tuple[Tensor, ...]],
               boxes: List[Tensor]) -> Tensor:
        """The teacher's logits of the concepts (R, K)."""
        maps = _maps(self.teacher, inputs, trunk)
        return self._classify(
            self.teacher, self.teacher.roi_head.encode_regions(maps, boxes))

    def _encode(self, inputs: Tensor, trunk: Optional[Tuple[Tensor, ...]],
                boxes: List[Tensor]) -> Tuple[Tensor, Tensor]:
        """The student's embeddings of regions (R, D) and images (N, D).

        Parity: an image is the region of the whole, padded batch.
        """
        height, width = inputs.shape[-2:]
        whole = inputs.new_tensor([[0, 0, width, height]])
        embeddings = self.roi_head.encode_regions(
            _maps(self, inputs, trunk),
            [torch.cat([one, whole]) for one in boxes])
        ends = torch.tensor([len(one) + 1 for one in boxes]).cumsum(0) - 1
        is_image = torch.zeros(len(embeddings), dtype=torch.bool)
        is_image[ends] = True
        return embeddings[~is_image], embeddings[is_image]

    @staticmethod
    def _classify(detector: RegionCLIP, embeddings: Tensor) -> Tensor:
        """Embeddings (R, D) -> logits (R, K) without the background."""
        return detector.classifiers[0](embeddings)[:, :-1]

    def _region_losses(self, logits: Tensor,
                       teacher_logits: Tensor) -> Dict[str, Tensor]:
        """Losses of the regions that count, logits (R, K) of both."""
        best, labels = teacher_logits.softmax(-1).max(-1)
        sure = best > self.concept_thr
        share = sure.float().mean() if len(sure) else best.sum()
        kept = (sure | ~sure.any()).nonzero()[:, 0]
        logits, teacher_logits = logits[kept], teacher_logits[kept]
        labels = labels[kept]
        losses = dict(kept=share)
        if len(labels):
            losses['acc_concept'] = 100 * (
                logits.argmax(-1) == labels).float().mean()
        if self.loss_region_distill is not None:
            losses['loss_region_distill'] = self.loss_region_distill(
                logits, teacher_logits)
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


def _build(cfg: Optional[dict]) -> Optional[nn.Module]:
    return None if cfg is None else MODELS.build(cfg)


def _maps(detector: RegionCLIP, inputs: Tensor,
          trunk: Optional[Tuple[Tensor, ...]]) -> Tuple[Tensor, ...]:
    """Feature maps of a detector, from the trunk if it is known."""
    if trunk is None:
        return detector.extract_feat(inputs)
    maps = detector.backbone.after_trunk(trunk)
    return detector.neck(maps) if detector.with_neck else maps


def _leave_the_teacher_out(module: nn.Module, state: dict, prefix: str,
                           metadata: dict) -> None:
    for key in [k for k in state if k.startswith(prefix + TEACHER)]:
        del state[key]


def _expect_no_teacher(module: nn.Module, keys: tuple) -> None:
    keys.missing_keys[:] = [k for k in keys.missing_keys
                            if TEACHER not in k]
