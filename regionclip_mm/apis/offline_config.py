"""The config of offline pretraining, from that of online pretraining."""
import copy
from pathlib import Path
from typing import Union

from mmengine.config import Config
from mmengine.registry import Registry

from mmdet.datasets.transforms import PackDetInputs
from mmdet.registry import MODELS, TRANSFORMS

from ..io.files import PathLike
from ..models.losses import RegionDistillLoss
from ..models.pretrainers import RegionTextPretrainer
from .label_parts import WRAPPER

ONLINE, OFFLINE = 'RegionTextPretrainer', 'OfflineRegionTextPretrainer'


def check_file(path: PathLike, online: PathLike) -> None:
    """Raise if writing the offline config would destroy another file.

    Args:
        path: To write.
        online: The config that it is made from.

    Raises:
        ValueError: Naming the file.
    """
    path = Path(path)
    if path.suffix != '.py':
        raise ValueError(f'--offline-config {path} should end in .py')
    if path.resolve() == Path(online).resolve():
        raise ValueError(f'--offline-config {path} is the config that is read '
                         'here: name another file')
    if path.exists() and OFFLINE not in path.read_text(errors='replace'):
        raise ValueError(f'--offline-config {path} exists, and is no config '
                         f'of an {OFFLINE}: name another file')


def check_online(cfg: Config) -> None:
    """Raise unless a config trains with a teacher.

    Raises:
        ValueError: Naming what lacks.
    """
    model = cfg.get('model') or {}
    kind = class_of(model.get('type'), MODELS)
    if not issubclass(kind, RegionTextPretrainer) or not model.get('teacher'):
        raise ValueError(
            f'{cfg.filename} has no model of type {ONLINE!r} with a teacher, '
            f'but {model.get("type")!r}: give the config of (online) '
            'region-text pretraining')
    if not cfg.get('train_dataloader'):
        raise ValueError(f'{cfg.filename} has no train_dataloader')
    dataset = cfg.train_dataloader.dataset
    if 'dataset' in dataset or 'datasets' in dataset:
        raise ValueError(WRAPPER.format(dataset.type))


def _check_known(part: dict, key: str, known: type) -> None:
    """Raise unless a part of the config is of this very class."""
    if class_of(part.get('type'), MODELS) is not known:
        raise ValueError(
            f'{key}.type={part.get("type")!r}: the config of offline training '
            f'is made for {known.__name__} alone. Leave out --offline-config '
            'and write it by hand (docs/pretraining.md, Offline)')


def class_of(kind: Union[str, type, None], registry: Registry) -> type:
    """What is registered under a name; ``object`` if nothing is."""
    found = registry.get(kind) if isinstance(kind, str) else kind
    return found if isinstance(found, type) else object


def offline_config(cfg: Config, ann_file: PathLike) -> Config:
    """The same training from labels on disk.

    The teacher is left out; the proposal source stays, for evaluation.

    Args:
        cfg: Of online pretraining; it stays as it is.
        ann_file: ``NAME.json`` of ``tools/label_regions.py``, see
            ``LoadRegionLabels``.

    Raises:
        ValueError: If it is another config, or has a pretrainer or a loss of
            distillation of one's own, which this cannot know.
    """
    check_online(cfg)
    cfg = copy.deepcopy(cfg)
    model = cfg.model
    _check_known(model, 'model', RegionTextPretrainer)
    if model.get('loss_region_distill'):
        _check_known(model.loss_region_distill, 'model.loss_region_distill',
                     RegionDistillLoss)
    model.type = OFFLINE
    for key in ('teacher', 'teacher_dtype'):
        model.pop(key, None)
    if model.get('loss_region_distill'):
        model.loss_region_distill.type = 'TopKDistillLoss'
    pipeline = cfg.train_dataloader.dataset.get('pipeline') or []
    if not pipeline or (
            class_of(pipeline[-1]['type'], TRANSFORMS) is not PackDetInputs):
        raise ValueError('the last step of train_dataloader.dataset.pipeline '
                         "should be type='PackDetInputs', which "
                         "'PackRegionLabels' takes the place of")
    pipeline[-1].type = 'PackRegionLabels'
    pipeline.insert(0, dict(type='LoadRegionLabels', ann_file=str(ann_file)))
    return cfg
