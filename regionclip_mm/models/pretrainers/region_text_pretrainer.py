"""Region-text pretraining: a detector learns concepts from a teacher."""
from typing import Any, List, Optional, Tuple

import torch
from mmengine.structures import InstanceData
from torch import Tensor, nn

from mmdet.registry import MODELS
from mmdet.structures import SampleList

from ..layers import TextClassifier
from ..losses import top_k_log_probs
from ..utils import check_dtype, in_dtype
from .base import BaseRegionTextPretrainer, Maps, PseudoLabels, classify
from .checks import (check_counts, check_pool_arch, check_pools, check_teacher,
                     check_teacher_file)

TEACHER = 'teacher.'
UNUSED = ('proposal_source.', 'text_encoder.')  # parts of its checkpoint


@MODELS.register_module()
class RegionTextPretrainer(BaseRegionTextPretrainer):
    """RegionCLIP's pretraining from image-caption pairs (CVPR 2022, 3.3).

    The student, see :class:`BaseRegionTextPretrainer`, learns from a frozen
    teacher, another detector with the same concepts, which names the
    student's proposals.

    Parity: ``g6_pretrain_rn50``, ``g6_gather_2proc``.

    Args:
        teacher: Config of a :class:`RegionCLIP` whose vocabulary has the
            concepts of the pool in the same order; its CLIP may be another
            one. Its weights are not part of checkpoints: they come from its
            ``init_cfg=dict(type='Pretrained', checkpoint=...)``, which may
            be the file that the student begins with. Its source of proposals
            is not used.
        teacher_dtype: 'bfloat16' or 'float16' to run the teacher's networks
            so, or None. Boxes and probabilities stay in float32. What
            student and teacher compute once for both is the student's.
        loss_region_distill: Config of the loss; None leaves it out.
        kwargs: Arguments of :class:`BaseRegionTextPretrainer`.
    """

    labeller = 'teacher'
    distill_loss = 'RegionDistillLoss'
    distill_targets = ('teacher_logits', )

    def __init__(self,
                 *,
                 teacher: dict,
                 teacher_dtype: Optional[str] = None,
                 loss_region_distill: Optional[dict] = dict(
                     type='RegionDistillLoss'),
                 **kwargs: Any) -> None:
        super().__init__(loss_region_distill=loss_region_distill, **kwargs)
        check_dtype('model.teacher_dtype', teacher_dtype)
        self.teacher = MODELS.build(teacher).requires_grad_(False).eval()
        self.teacher._register_load_state_dict_pre_hook(
            _note_prefix, with_module=True)
        self.teacher.register_load_state_dict_post_hook(_take_a_part)
        self.teacher_dtype = teacher_dtype
        self._shares_trunk: Optional[bool] = None  # known when weights are
        for net in (self, self.teacher):
            net.backbone.register_load_state_dict_post_hook(
                self._forget_sharing)
        self._register_state_dict_hook(_leave_the_teacher_out)
        self._register_load_state_dict_pre_hook(
            _note_prefix, with_module=True)
        self.register_load_state_dict_post_hook(_expect_no_teacher)

    @property
    def classifiers(self) -> List[TextClassifier]:
        """The student's: ``set_vocabulary`` leaves the teacher's concepts."""
        return [module for name, module in self.named_modules()
                if isinstance(module, TextClassifier)
                and not name.startswith(TEACHER)]

    def init_weights(self) -> None:
        """Read those of the teacher.

        Raises:
            FileNotFoundError: If there is no such file.
        """
        check_teacher_file(self.teacher.init_cfg)
        super().init_weights()

    def train(self, mode: bool = True) -> 'RegionTextPretrainer':
        """Switch mode; the teacher stays in evaluation."""
        super().train(mode)
        self.teacher.eval()
        return self

    @torch.no_grad()
    def label(self, inputs: Tensor, samples: SampleList, top_k: int,
              num_regions: int) -> List[InstanceData]:
        """The teacher's best concepts of the proposals.

        Args:
            inputs: Normalised batch (N, 3, H, W).
            samples: One sample per image.
            top_k: Concepts of a region.
            num_regions: Of an image, at most; the first of the source's.

        Returns:
            For each image ``bboxes`` (R_i, 4) in network pixels, objectness
            ``scores`` (R_i,), and ``concepts`` (R_i, k), ``log_probs``
            (R_i, k), ``log_rest`` (R_i,); see :func:`top_k_log_probs`.
        """
        self._check_teaching()
        self._propose(inputs, samples)
        found = [sample.proposals[:num_regions] for sample in samples]
        logits = self._teach(inputs, None, [one.bboxes for one in found])
        for one, part in zip(found, logits.split([len(p) for p in found])):
            one.concepts, one.log_probs, one.log_rest = top_k_log_probs(
                part, top_k)
        return found

    def check_training(self) -> None:
        """See :class:`BaseRegionTextPretrainer`; of the teacher, too."""
        self._check_teaching()
        super().check_training()
        self._decide_sharing()

    def _check_teaching(self) -> None:
        check_teacher(self.teacher)
        pools = (self.classifiers[0].train_vocabulary,
                 self.teacher.vocabulary)
        check_pools(*pools)
        for pool, net, owner in zip(pools, (self, self.teacher),
                                    ('model', 'model.teacher')):
            check_pool_arch(pool, net, owner)
        check_counts(self.classifiers[0], 'model')
        check_counts(self.teacher.classifiers[0], 'model.teacher')

    def _regions(self, inputs: Tensor, samples: SampleList
                 ) -> Tuple[Maps, List[Tensor], PseudoLabels]:
        self._propose(inputs, samples)
        boxes = [sample.proposals.bboxes for sample in samples]
        boxes = [one[self._draw(one)] for one in boxes]
        trunk = self._trunk(inputs)
        logits = self._teach(inputs, trunk, boxes)
        scores, labels = logits.softmax(-1).max(-1)
        return trunk, boxes, PseudoLabels(labels, scores, (logits, ))

    def _trunk(self, inputs: Tensor) -> Maps:
        """What student and teacher compute alike, if anything."""
        self._decide_sharing()
        return self.backbone.trunk(inputs) if self._shares_trunk else None

    def _decide_sharing(self) -> None:
        if self._shares_trunk is None:
            same = getattr(self.backbone, 'same_trunk', lambda other: False)
            self._shares_trunk = same(self.teacher.backbone)

    def _forget_sharing(self, backbone: nn.Module, keys: tuple) -> None:
        """Weights of one of the two have been loaded."""
        self._shares_trunk = None

    @torch.no_grad()
    def _teach(self, inputs: Tensor, trunk: Maps,
               boxes: List[Tensor]) -> Tensor:
        """The teacher's logits of the concepts (R, K)."""
        with in_dtype(self.teacher_dtype, inputs.device):
            return classify(self.teacher, self.teacher.encode_regions(
                inputs, boxes, trunk))


def _leave_the_teacher_out(module: nn.Module, state: dict, prefix: str,
                           metadata: dict) -> None:
    for key in [k for k in state if k.startswith(prefix + TEACHER)]:
        del state[key]


def _note_prefix(module: nn.Module, state: dict, prefix: str,
                 *args: Any) -> None:
    """Hooks after loading are not told how keys of the module begin."""
    module.loaded_prefix = prefix


def _expect_no_teacher(module: nn.Module, keys: tuple) -> None:
    prefix = module.loaded_prefix + TEACHER
    keys.missing_keys[:] = [k for k in keys.missing_keys
                            if not k.startswith(prefix)]


def _take_a_part(teacher: nn.Module, keys: tuple) -> None:
    """Its file is that of a whole detector: hundreds of keys too many."""
    unused = tuple(teacher.loaded_prefix + part for part in UNUSED)
    keys.unexpected_keys[:] = [k for k in keys.unexpected_keys
                               if not k.startswith(unused)]
