"""Figures of a detector in this world."""
import copy
import io
from contextlib import contextmanager, redirect_stdout
from typing import Callable, Dict, Iterable, Iterator, List

import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.evaluator import Evaluator
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from torch import Tensor, nn
from torch.utils.data import DataLoader

from mmdet.registry import MODELS
from mmdet.structures.bbox import get_box_tensor
from regionclip_mm.checkpoint import load_weights

from .coco import VOCABULARIES
from .concepts import concepts, names
from .plans import make_plan
from .render import render
from .splits import SPLITS

DATASETS_OF = dict(coco='EmojiCocoDataset', all='EmojiAllDataset')


def load_detector(config: Config, checkpoint: str) -> nn.Module:
    """Build ``config.model`` with the shipped (or another) checkpoint.

    Keys that the model has no use for (the RPN's, with annotated boxes) are
    left out; a missing one is an error of ``load_state_dict``.
    """
    init_default_scope(config.default_scope)
    model = MODELS.build(config.model)
    tensors = load_weights(checkpoint).tensors
    wanted = model.state_dict()
    model.load_state_dict({k: v for k, v in tensors.items() if k in wanted})
    return model.eval()


def _dataloader(config: Config, split: str, vocabulary: str) -> DataLoader:
    cfg = copy.deepcopy(config.test_dataloader)
    cfg.dataset.type = DATASETS_OF[vocabulary]
    cfg.dataset.ann_file = f'annotations/{split}_{vocabulary}.json'
    with silence():
        return Runner.build_dataloader(cfg)


def classify(embeddings: Tensor, vocabulary: Tensor) -> Tensor:
    """Best rows of the vocabulary (K, D) for embeddings (N, D): (N,)."""
    cosine = F.normalize(embeddings, dim=-1) @ F.normalize(vocabulary).t()
    return cosine.argmax(1)


@torch.no_grad()
def single_top1(detector: nn.Module, split: str, batch_size: int = 64
                ) -> float:
    """Share of single-object images named right among all concepts.

    The whole image is the region: RoIAlign then is the identity, and the
    result that of CLIP on the image.
    """
    detector.set_vocabulary(names())
    text, right = detector.vocabulary.embeddings, 0
    for start in range(0, SPLITS[split].size, batch_size):
        stop = min(start + batch_size, SPLITS[split].size)
        plans = [make_plan(split, i) for i in range(start, stop)]
        inputs = [torch.from_numpy(render(p)).permute(2, 0, 1) for p in plans]
        data = detector.data_preprocessor(dict(inputs=inputs))
        boxes = [torch.tensor([[0., 0., p.width, p.height]]) for p in plans]
        found = classify(detector.encode_regions(data['inputs'], boxes), text)
        truth = torch.tensor([p.objects[0].concept for p in plans])
        right += int((found == truth).sum())
    return right / SPLITS[split].size


@torch.no_grad()
def box_top1(detector: nn.Module, config: Config, split: str,
             vocabulary: str) -> Dict[str, float]:
    """Share of annotated boxes named right, per role and over all."""
    roles = VOCABULARIES[vocabulary]
    detector.set_vocabulary(names(*roles))
    role_of = {c.name: c.role for c in concepts()}
    classes = names(*roles)
    hits: Dict[str, List[bool]] = {role: [] for role in roles}
    for batch in _dataloader(config, split, vocabulary):
        data = detector.data_preprocessor(batch)
        truth = data['data_samples'][0].gt_instances
        if not len(truth):
            continue
        regions = detector.encode_regions(data['inputs'],
                                          [get_box_tensor(truth.bboxes)])
        found = classify(regions, detector.vocabulary.embeddings)
        for a, b in zip(found.tolist(), truth.labels.tolist()):
            hits[role_of[classes[b]]].append(a == b)
    every = sum(hits.values(), [])
    means = {role: sum(h) / max(len(h), 1) for role, h in hits.items()}
    return dict(means, all=sum(every) / max(len(every), 1))


@torch.no_grad()
def average_precision(detector: nn.Module, config: Config, split: str,
                      vocabulary: str,
                      watch: Callable[[DataLoader], Iterable] = iter
                      ) -> Dict[str, float]:
    """AP50 of base, novel and all classes of a vocabulary.

    Among all concepts, ``novel`` are those without base boxes. ``watch`` sees
    the batches go by, for example to show progress.
    """
    detector.set_vocabulary(names(*VOCABULARIES[vocabulary]))
    loader = _dataloader(config, split, vocabulary)
    cfg = dict(config.test_evaluator, ann_file=(
        f'{config.test_dataloader.dataset.data_root}annotations/'
        f'{split}_{vocabulary}.json'))
    with silence():
        evaluator = Evaluator(cfg)
        evaluator.dataset_meta = loader.dataset.metainfo
        for batch in watch(loader):
            evaluator.process(detector.test_step(batch), batch)
        result = evaluator.evaluate(len(loader.dataset))
    return dict(base=result['coco/base_ap50'],
                novel=result['coco/novel_ap50'],
                all=result['coco/bbox_mAP_50'])


@contextmanager
def silence() -> Iterator[None]:
    """Keep the evaluation tools' tables out of the output."""
    logger = MMLogger.get_current_instance()
    level = logger.level
    logger.setLevel('ERROR')
    try:
        with redirect_stdout(io.StringIO()):
            yield
    finally:
        logger.setLevel(level)
