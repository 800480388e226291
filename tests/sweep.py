"""Builds a shipped config at full size, for one small picture."""
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Sequence

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import init_default_scope
from PIL import Image

from mmdet.registry import MODELS
from regionclip_mm.models.layers.clip_archs import get_arch
from regionclip_mm.text import Vocabulary

ROOT = Path(__file__).parents[1]
SHORT_SIDE = 128
PROPOSALS = 20

SHIPPED = sorted([
    *ROOT.glob('configs/**/*.py'), *ROOT.glob('projects/*/configs/**/*.py')
])
LEAVES = [path for path in SHIPPED if '_base_' not in path.parts]


def load_small(path: Path) -> Config:
    """The config, with a short side of 128 and 20 proposals."""
    cfg = Config.fromfile(path)
    init_default_scope(cfg.get('default_scope', 'mmdet'))
    for step in pipeline_of(cfg):
        if step['type'] == 'ResizeShortestEdge':
            step['scale'] = SHORT_SIDE
        elif step['type'] == 'Resize':
            step['scale'] = (2 * SHORT_SIDE, SHORT_SIDE)
    rpn = cfg.model.get('proposal_source', {}).get('rpn')
    if rpn is not None:
        rpn.test_cfg.rpn.max_per_img = PROPOSALS
    return cfg


def pipeline_of(cfg: Config) -> list:
    """The test pipeline; empty if nothing is tested."""
    loader = cfg.get('test_dataloader') or dict(dataset=dict())
    return loader['dataset'].get('pipeline', [])


def classifier_of(cfg: Config) -> dict:
    """Config of the text classifier."""
    return cfg.model.roi_head.bbox_head.cls_predictor_cfg


def use_random_vocabulary(cfg: Config, names: Sequence[str],
                          folder: Path) -> None:
    """Put a vocabulary file with random embeddings in place of the real."""
    dim = get_arch(cfg.model.backbone.arch).embed_dim
    path = folder / 'vocabulary.pth'
    Vocabulary(tuple(names), torch.randn(len(names), dim)).save(path)
    classifier_of(cfg).vocabulary = dict(
        type='VocabularyFile', path=str(path))
    classifier_of(cfg).pop('test_vocabulary', None)


@contextmanager
def nan_in_empty_tensors() -> Iterator[None]:
    """What ``torch.empty`` gives is NaN, not what happens to be there."""
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(False)


def build_loaded(cfg: Config, init_weights: bool = False) -> torch.nn.Module:
    """The model with random weights that count as loaded.

    An RPN takes every region for an object: random weights often give
    negative objectness, with which nothing at all would be detected. Memory
    that no weight was written to is read as NaN, always: mmdet's DINO needs
    ``init_weights``, which for others reads files.
    """
    torch.manual_seed(0)
    with nan_in_empty_tensors():
        model = MODELS.build(cfg.model)
    if init_weights:
        model.init_weights()
    for name, tensor in model.state_dict().items():
        assert tensor.isfinite().all(), f'{name} was never initialised'
    for name, parameter in model.named_parameters():
        if name.endswith('rpn_head.rpn_cls.bias'):
            torch.nn.init.constant_(parameter, 5.)
    model.load_state_dict(model.state_dict())
    return model.eval()


def write_picture(path: Path, size: tuple = (160, 128)) -> None:
    """A noisy picture of (width, height) pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(0).integers(0, 256, (*size[::-1], 3))
    Image.fromarray(noise.astype(np.uint8)).save(path)


def detect(cfg: Config, model: torch.nn.Module, picture: Path):
    """The detections of a picture, through the config's own pipeline."""
    data = dict(
        img_path=str(picture), img_id=0, height=128, width=160,
        instances=[dict(bbox=[8., 8., 90., 90.], bbox_label=0,
                        ignore_flag=0)] * PROPOSALS)
    batch = pseudo_collate([Compose(pipeline_of(cfg))(data)])
    [sample] = model.test_step(batch)
    return sample.pred_instances
