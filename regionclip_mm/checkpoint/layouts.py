"""Names and shapes that models expect of a checkpoint."""
import re
from copy import deepcopy
from pathlib import Path
from typing import Dict, Mapping, Optional, Tuple, TypeVar, Union

import torch
from mmengine.config import Config, ConfigDict
from mmengine.registry import DefaultScope

from mmdet.registry import MODELS

from ..io.errors import CheckpointError
from ..models.layers.clip_archs import ARCHS

Layout = Dict[str, Tuple[int, ...]]
T = TypeVar('T')


def model_layout(model: dict) -> Layout:
    """Shape of every key of a model, without making room for its weights.

    Args:
        model: Config of the model.
    """
    with DefaultScope.overwrite_default_scope('mmdet'), torch.device('meta'):
        built = MODELS.build(ConfigDict(deepcopy(model)))
    return {key: tuple(v.shape) for key, v in built.state_dict().items()}


def clip_layout(arch: str) -> Layout:
    """Layout of a canonical CLIP checkpoint.

    Args:
        arch: Preset, for example 'rn50'.
    """
    return model_layout(
        dict(
            type='CLIP',
            backbone=dict(type='CLIPResNet', arch=arch, out_indices=(3, )),
            attnpool=dict(type='AttentionPool2d', arch=arch),
            text_encoder=dict(type='CLIPTextEncoder', arch=arch)))


def read_config(config: Union[str, Path, Config]) -> Config:
    """A complete config, that is one with a `model`.

    Args:
        config: Path of a config file, or a config.
    """
    if not isinstance(config, Config):
        if not Path(config).is_file():
            raise CheckpointError(f'There is no config file {config}.')
        config = Config.fromfile(str(config))
    if 'model' not in config:
        raise CheckpointError(
            f'{config.filename} has no variable `model`: give a complete '
            'config, for example one of configs/zeroshot.')
    return config


def pick(items: Dict[str, T], prefix: str) -> Dict[str, T]:
    """What is called ``prefix...``."""
    return {k: v for k, v in items.items() if k.startswith(prefix)}


def part(items: Dict[str, T], prefix: str) -> Dict[str, T]:
    """What is called ``prefix...``, without the prefix."""
    return {k[len(prefix):]: v for k, v in pick(items, prefix).items()}


def guess_arch(shapes: Mapping[str, Tuple[int, ...]],
               prefix: str) -> Optional[str]:
    """Which CLIP ResNet a set of names and shapes looks like.

    Args:
        shapes: Shape by name.
        prefix: What stands in front of ``conv1.weight``.

    Returns:
        Name of the preset with this width and the nearest depths; None if
        there is none. Detectors keep layer4 elsewhere, it is not looked at.
    """
    stem = shapes.get(f'{prefix}conv3.weight')
    if not stem:  # none, or a single number
        return None
    depths = [_depth(shapes, f'{prefix}layer{i}.') for i in (1, 2, 3)]
    gaps = {
        name: sum(abs(a - b) for a, b in zip(arch.layers, depths))
        for name, arch in ARCHS.items() if arch.width == stem[0]
    }
    return min(gaps, key=gaps.get) if gaps else None


def _depth(shapes: Mapping[str, Tuple[int, ...]], prefix: str) -> int:
    """Number of blocks of one stage."""
    pattern = re.compile(re.escape(prefix) + r'(\d+)\.conv1\.weight')
    return sum(bool(pattern.fullmatch(key)) for key in shapes)
