"""A pretraining step on random data, in four forms."""
import sys
from argparse import Namespace
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Callable, Dict, List, NamedTuple, Tuple
from unittest import mock

import torch
from literal import enter_literal_pretraining
from measure import Parts
from mmengine.config import Config
from mmengine.optim import OptimWrapper, build_optim_wrapper
from mmengine.structures import InstanceData
from torch import Tensor, nn

from mmdet.registry import MODELS
from mmdet.structures import DetDataSample

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from regionclip_mm.apis.offline_config import offline_config
from regionclip_mm.io.region_labels import pool_digest
from regionclip_mm.models.layers.clip_archs import get_arch
from regionclip_mm.models.utils import data_dependent_init
from regionclip_mm.text import Vocabulary

FORMS = ('online', 'literal', 'offline', 'bfloat16')
PARTS = ('text tower', 'RPN', 'teacher', 'trunk', 'student, forward',
         'student, backward', 'optimizer')
PROPOSALS = 300
CAPTIONS = ('a red bus drives past a row of old houses in the city',
            'two dogs are playing with a ball on the beach')


class Result(NamedTuple):
    """Of one step: losses by name, and gradients by parameter."""
    losses: Dict[str, float]
    gradients: Dict[str, Tensor]


def prepare(cfg: Config, args: Namespace, folder: Path) -> Config:
    """A recipe with random concepts.

    Args:
        cfg: Changed in place.
        args: Of the command line.
        folder: For the concepts.
    """
    torch.manual_seed(0)
    cfg.model.num_regions = args.regions
    for number, model in enumerate((cfg.model, cfg.model.teacher)):
        path = str(folder / f'concepts{number}.pth')
        names = [f'concept {i}' for i in range(args.concepts)]
        Vocabulary(names, torch.randn(len(names), get_arch(
            model.backbone.arch).embed_dim)).save(path)
        head = model.roi_head.bbox_head
        head.num_classes = args.concepts
        head.cls_predictor_cfg.vocabulary = dict(
            type='VocabularyFile', path=path)
        head.cls_predictor_cfg.pop('test_vocabulary', None)
    return cfg


def build(cfg: Config, device: str) -> nn.Module:
    """The recipe's pretrainer with random weights, the frozen ones of the
    teacher being those of the student."""
    model = MODELS.build(cfg.model).to(device)
    for name, module in model.named_modules():
        if isinstance(module, nn.BatchNorm2d):  # each branch takes part,
            # but, as in trained weights, less than its shortcut
            size = 0.1 if name.endswith('bn3') else 1.0
            nn.init.uniform_(module.weight, 0.5 * size, size)
        if name.endswith('.rpn_cls'):  # everything is an object
            nn.init.constant_(module.bias, 5.0)
    model.load_state_dict(model.state_dict())
    weights = model.teacher.state_dict()
    if model.backbone.arch == model.teacher.backbone.arch:
        frozen = tuple(f'backbone.{name}.'
                       for name in model.backbone._frozen_names())
        weights.update({key: value for key, value in model.state_dict().items()
                        if key.startswith(frozen)})
    model.teacher.load_state_dict(weights)
    return model.train()


def make_batch(size: Tuple[int, int], images: int,
               device: str) -> Tuple[Tensor, List[DetDataSample]]:
    """Normalised pixels (N, 3, H, W), and samples with captions."""
    coarse = torch.randn(images, 3, size[0] // 16, size[1] // 16)
    inputs = nn.functional.interpolate(coarse, size, mode='bilinear')
    return inputs.to(device), [DetDataSample(metainfo=dict(
        img_shape=size, text=CAPTIONS[i % len(CAPTIONS)]))
        for i in range(images)]


class Bench:
    """Pretraining steps on one batch, online and offline.

    Attributes:
        whole: Offline losses with all concepts of a region, in float32.

    Args:
        cfg: See :func:`prepare`.
        args: Of the command line.
    """

    def __init__(self, cfg: Config, args: Namespace) -> None:
        torch.manual_seed(0)
        self.online = build(cfg, args.device)
        self.inputs, self.samples = make_batch(
            tuple(args.size), args.images, args.device)
        for net in (self.online.teacher, self.online):
            data_dependent_init(net, self.inputs)
        self._label(args.concepts, torch.float32)
        self.online.concept_thr = self._threshold(args.kept)
        cfg = offline_config(cfg, 'labels.json')
        self.offline = MODELS.build(dict(
            cfg.model, concept_thr=self.online.concept_thr)).to(args.device)
        self.offline.load_state_dict(self.online.state_dict())
        self.offline.train()
        self.optimizers = {
            model: _resting(build_optim_wrapper(model, cfg.optim_wrapper))
            for model in (self.online, self.offline)}
        meter = Parts(args.device)
        self.whole = self.run('offline', meter).losses
        self._label(args.top_k, torch.float16)

    def _label(self, top_k: int, storage: torch.dtype) -> None:
        """What the labels on disk would be."""
        model = self.online.eval()
        found = model.label(self.inputs, self.samples, top_k, PROPOSALS)
        model.train()
        about = 'labels.json', pool_digest(model.teacher.vocabulary.names)
        for sample, one in zip(self.samples, found):
            stored = {key: one[key].to(storage).float()
                      for key in ('log_probs', 'log_rest')}
            sample.gt_instances = InstanceData(
                bboxes=one.bboxes, labels=one.concepts[:, 0],
                scores=one.log_probs[:, 0].exp(), concepts=one.concepts,
                **stored)
            sample.set_metainfo(dict(region_labels=about))

    def _threshold(self, kept: float) -> float:
        """Between two scores, so that this share of them is above it."""
        scores = torch.cat([s.gt_instances.scores for s in self.samples])
        ends = nn.functional.pad(scores.sort().values, (1, 0))
        ends = nn.functional.pad(ends, (0, 1), value=1.0)
        return ends[round((1 - kept) * len(scores)):][:2].mean().item()

    def run(self, form: str, meter: Parts) -> Result:
        """A step in one of the forms, which leaves the weights as they are."""
        model = self.offline if form == 'offline' else self.online
        torch.manual_seed(0)  # the same regions are drawn
        with ExitStack() as stack:
            if form == 'literal':
                enter_literal_pretraining(stack, model)
            if form == 'bfloat16':
                for owner, key in ((model, 'teacher_dtype'),
                                   (model.proposal_source, 'inference_dtype')):
                    stack.enter_context(
                        mock.patch.object(owner, key, form, create=True))
            _measure_inside(stack, model, meter)
            with meter('student, forward'):
                losses = model.loss(self.inputs, self.samples)
                loss, log = model.parse_losses(losses)
            with meter('student, backward'):
                loss.backward()
        gradients = {name: p.grad.clone() for name, p in
                     model.named_parameters() if p.grad is not None}
        with meter('optimizer'):
            self.optimizers[model].step()
        self.optimizers[model].zero_grad()
        return Result({key: value.item() for key, value in log.items()
                       if key.startswith('loss_')}, gradients)


def _resting(optimizer: OptimWrapper) -> OptimWrapper:
    """Steps take their time, but leave the weights as they are."""
    for group in optimizer.optimizer.param_groups:
        group['lr'] = group['weight_decay'] = 0.0
    return optimizer


def _measure_inside(stack: ExitStack, model: nn.Module, meter: Parts) -> None:
    """Measure the parts of the forward pass for a while."""
    teacher = getattr(model, 'teacher', None)
    parts = [(model, '_encode_texts', 'text tower'),
             (model.proposal_source, 'fill', 'RPN'),
             (model.backbone, 'trunk', 'trunk')]
    if teacher is not None:
        parts += [(model, '_teach', 'teacher'),
                  (teacher.backbone, 'trunk', 'trunk')]
    for owner, name, part in parts:
        stack.enter_context(mock.patch.object(owner, name, partial(
            _measured, getattr(owner, name), meter, part)))


def _measured(function: Callable, meter: Parts, part: str,
              *args: object) -> object:
    with meter(part):
        return function(*args)
