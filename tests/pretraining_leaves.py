"""Shipped configs of pretraining, with nano models and a handful of images."""
import copy
import json
from functools import lru_cache
from itertools import chain
from pathlib import Path

import torch
from coco_files import make_scenes, write_coco, write_images
from mmengine.config import Config, ConfigDict
from nano import ARCH, ROOT, diversify, make_vocabulary
from nano_pretraining import CONCEPTS
from pair_data import encoded, pair, tar_of

from mmdet.registry import MODELS
from regionclip_mm.checkpoint import save_checkpoint
from regionclip_mm.datasets import COCO_ALL_65

CAPTION = 'a cat and a dog'
IMAGES = 6  # also in each of two shards
RPN = dict(
    type='RPN',
    data_preprocessor=dict(type='DetDataPreprocessor', mean=[100.] * 3,
                           std=[60.] * 3, pad_size_divisor=32),
    backbone=dict(type='ResNet', depth=18, base_channels=8, stem_channels=8,
                  out_indices=(1, )),
    neck=None,
    rpn_head=dict(
        type='RPNHead', in_channels=16, feat_channels=16,
        anchor_generator=dict(type='AnchorGenerator', scales=[2, 4],
                              ratios=[1.0], strides=[8]),
        bbox_coder=dict(type='DeltaXYWHBBoxCoder')),
    train_cfg=None)


def leaf(name: str) -> Path:
    """Path of a config of pretraining."""
    return ROOT / f'configs/pretrain/regionclip_{name}.py'


@lru_cache(None)
def _read(name: str) -> Config:
    return Config.fromfile(leaf(name))


def nano_leaf(name: str, folder: Path, steps: int = 2, **changes) -> Config:
    """A leaf with the nano CLIP, a small RPN, data and weights in a folder.

    Args:
        name: Of the leaf, without ``regionclip_``.
        folder: For data, weights and results.
        steps: Iterations, with a checkpoint and a validation at the end.
        changes: Merged in, as from the command line.
    """
    folder.mkdir(parents=True, exist_ok=True)
    cfg = copy.deepcopy(_read(name))
    make_nano(cfg.model)
    if not (folder / 'start.pth').exists():
        write_files(folder)
        write_weights(cfg, folder / 'start.pth')
    use_files(cfg, folder)
    cfg.train_cfg.update(max_iters=steps, val_interval=steps)
    cfg.param_scheduler = []
    cfg.model.num_regions = 8
    for hook in ('checkpoint', 'logger'):
        cfg.default_hooks[hook].interval = 1
    cfg.env_cfg.dist_cfg.backend = 'gloo'
    cfg.work_dir = str(folder / 'work')
    cfg.experiment_name = f'{folder.name}_{name}'
    cfg.merge_from_dict(changes)
    return cfg


def make_nano(model: ConfigDict) -> None:
    """Change sizes, and nothing else, of student and teacher."""
    rpn = ConfigDict(copy.deepcopy(RPN))
    rpn.test_cfg = model.proposal_source.rpn.test_cfg
    model.proposal_source.rpn = rpn
    model.text_encoder.arch = 'nano'
    for part in filter(None, (model, model.get('teacher'))):
        part.backbone.arch = part.roi_head.shared_head.arch = 'nano'
        head, extractor = (part.roi_head[key] for key in (
            'bbox_head', 'bbox_roi_extractor'))
        head.update(num_classes=len(CONCEPTS))
        head.region_pool.arch = 'nano'
        extractor.out_channels = ARCH.channels[2]
        extractor.roi_layer.output_size = ARCH.roi_size


def write_weights(cfg: Config, path: Path) -> None:
    """Random ones of a detector, for student and teacher; an RPN that takes
    every place for an object."""
    torch.manual_seed(0)
    model = copy.deepcopy(cfg.model)
    model.pop('teacher', None)
    detector = MODELS.build(dict(model, type='OfflineRegionTextPretrainer'))
    for name, parameter in detector.named_parameters():
        if name.endswith('rpn_cls.bias'):
            torch.nn.init.constant_(parameter, 5.)
    diversify(detector)
    save_checkpoint(detector.state_dict(), path, {})


def write_files(folder: Path) -> None:
    """Vocabularies, images with captions in both forms, boxes of COCO."""
    make_vocabulary(CONCEPTS).save(folder / 'pool.pth')
    make_vocabulary(COCO_ALL_65).save(folder / 'coco.pth')
    images, captions = [], []
    for number in range(IMAGES):
        (folder / f'{number}.jpg').write_bytes(encoded(number, (96, 64)))
        images.append(dict(id=number + 10, file_name=f'{number}.jpg',
                           width=96, height=64))
        captions.append(dict(id=number, image_id=number + 10,
                             caption=CAPTION))
    (folder / 'captions.json').write_text(json.dumps(
        dict(images=images, annotations=captions)))
    for shard in range(2):
        (folder / f'cc.{shard}.tar').write_bytes(tar_of([
            member for number in range(IMAGES) for member in pair(
                f'{shard}-{number}', CAPTION, encoded(number, (96, 64)))]))
    scenes = make_scenes(COCO_ALL_65[::8], images=1)
    write_images(folder / 'val', scenes)
    write_coco(folder / 'val.json', scenes,
               {name: i for i, name in enumerate(COCO_ALL_65, 7)})


def use_files(cfg: Config, folder: Path) -> None:
    """Those of :func:`write_files`, in the main process, in small."""
    cfg.load_from = str(folder / 'start.pth')
    for part in filter(None, (cfg.model, cfg.model.get('teacher'))):
        words = part.roi_head.bbox_head.cls_predictor_cfg
        words.vocabulary.path = str(folder / 'pool.pth')
    if 'teacher' in cfg.model:
        cfg.model.teacher.init_cfg.checkpoint = cfg.load_from
    data = cfg.train_dataloader.dataset
    data.data_root = str(folder)
    if data.type == 'ImageTextShards':
        data.shards = 'cc.*.tar'
    else:
        data.update(ann_file='captions.json', data_prefix=dict(img=''))
    loaders = [cfg.train_dataloader]
    if cfg.val_cfg is not None:
        use_boxes(cfg, folder)
        loaders.append(cfg.val_dataloader)
    for loader in loaders:
        loader.update(num_workers=0, persistent_workers=False)
    for step in chain(cfg.label_pipeline, *(
            loader.dataset.pipeline for loader in loaders)):
        if step['type'] == 'RandomChoiceResize':
            step.scales = [(192, 48), (192, 64)]
        elif step['type'] == 'Resize':
            step.scale = (192, 64)
        elif step['type'] == 'ResizeShortestEdge':
            step.scale = 64
        elif step['type'] == 'LoadRegionLabels':
            step.ann_file = str(folder / Path(step.ann_file).name)


def use_boxes(cfg: Config, folder: Path) -> None:
    """Validation with those of :func:`write_files`."""
    words = cfg.model.roi_head.bbox_head.cls_predictor_cfg
    words.test_vocabulary.path = str(folder / 'coco.pth')
    cfg.val_dataloader.dataset.update(
        ann_file=str(folder / 'val.json'), data_root='',
        data_prefix=dict(img=str(folder / 'val')))
    cfg.val_evaluator.ann_file = str(folder / 'val.json')
