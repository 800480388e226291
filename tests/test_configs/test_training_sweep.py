"""Every shipped recipe at full size: a training step, then a validation.

Weights, embeddings and the one small picture are random; everything else is
the leaf's, as MMEngine's Runner builds it.
"""
import json
from pathlib import Path

import pytest
import torch
from coco_files import make_scenes, write_coco, write_lvis
from mmengine.config import Config
from mmengine.model import revert_sync_batchnorm
from mmengine.runner import Runner
from sweep import (LEAVES, ROOT, build_loaded, classifier_of, load_small,
                   write_picture)

from mmdet.datasets import CocoDataset
from regionclip_mm.datasets import (COCO_ALL_65, COCO_BASE_48, COCO_NOVEL_17,
                                    LVIS_ALL_1203)
from regionclip_mm.models.layers.clip_archs import get_arch
from regionclip_mm.text import Vocabulary

RECIPES = [path for path in LEAVES if path.parent.name in ('transfer', 'rpn')]
COCO_80 = CocoDataset.METAINFO['classes']
NAMES = dict(coco_48=COCO_BASE_48, coco_17=COCO_NOVEL_17, coco_65=COCO_ALL_65,
             coco_80=COCO_80, lvis_866=LVIS_ALL_1203[:866],
             lvis_1203=LVIS_ALL_1203)
SEEN = (*COCO_BASE_48[:8], *COCO_NOVEL_17[:8])
KEYS = ('train_dataloader', 'val_dataloader', 'train_cfg', 'val_cfg',
        'val_evaluator', 'optim_wrapper', 'param_scheduler', 'auto_scale_lr',
        'default_hooks', 'custom_hooks', 'default_scope', 'env_cfg',
        'log_processor', 'log_level', 'visualizer')


def is_lvis(cfg: Config) -> bool:
    return 'LVIS' in cfg.val_evaluator.type


def write_annotations(cfg: Config, folder: Path) -> str:
    """Objects with masks in one picture; 866 LVIS classes are not rare."""
    path = folder / 'a.json'
    if is_lvis(cfg):
        ids = {n: i for i, n in enumerate(reversed(LVIS_ALL_1203), 7)}
        names = LVIS_ALL_1203[::90]
        write_lvis(path, make_scenes(names, images=1), ids,
                   {n: 'f' if i < 866 else 'r'
                    for i, n in enumerate(LVIS_ALL_1203)})
    else:
        ids = {n: i for i, n in enumerate(('traffic cone', *COCO_80), 7)}
        write_coco(path, make_scenes(SEEN, images=1), ids)
    data = json.loads(path.read_text())
    for annotation in data['annotations']:
        x, y, w, h = annotation['bbox']
        annotation['segmentation'] = [[x, y, x + w, y, x + w, y + h, x, y + h]]
    path.write_text(json.dumps(data))
    return str(path)


def use_small_data(cfg: Config, folder: Path) -> None:
    """One picture in place of the benchmark's data."""
    path = write_annotations(cfg, folder)
    for inside in ('.', 'val2017'):
        write_picture(folder / inside / '100.png')
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        loader.dataset.update(ann_file=path, data_root='',
                              data_prefix=dict(img=str(folder)))
        loader.update(num_workers=0, persistent_workers=False, batch_size=1)
    cfg.val_evaluator.ann_file = path
    for step in cfg.train_dataloader.dataset.pipeline:
        if step['type'] == 'RandomChoiceResize':
            step['scales'] = [(256, 128)]
        elif step['type'] == 'RandomResize':
            # a batch norm needs more than one place, also at a 32nd
            step.update(scale=(160, 128), ratio_range=(0.5, 2.0))
        elif step['type'] == 'RandomCrop':
            step['crop_size'] = (128, 128)
    for step in cfg.val_dataloader.dataset.pipeline:
        if step['type'] == 'ResizeShortestEdge':
            step['scale'] = 128


def use_random_vocabularies(cfg: Config, folder: Path) -> None:
    """Each under its own names, with random embeddings."""
    dim = get_arch(cfg.model.backbone.arch).embed_dim
    for key in ('vocabulary', 'test_vocabulary'):
        source = classifier_of(cfg).get(key)
        if source is None:
            continue
        names = source.get('names')
        if names is None:
            kind, arch = Path(source.path).stem.rsplit('_', 1)
            assert arch == cfg.model.backbone.arch
            names = NAMES[kind]
        path = str(folder / f'{key}.pth')
        Vocabulary(tuple(names), torch.randn(len(names), dim)).save(path)
        classifier_of(cfg)[key] = dict(type='VocabularyFile', path=path)


def prepare(path: Path, folder: Path) -> Config:
    """The leaf with small data, for one step and one validation."""
    cfg = load_small(path)
    use_small_data(cfg, folder)
    if cfg.model.type == 'RegionCLIP':
        use_random_vocabularies(cfg, folder)
        cfg.model.train_cfg.rcnn.sampler.num = 8
        cfg.model.test_cfg.rcnn.max_per_img = 10
    cfg.model.backbone.pop('init_cfg', None)  # would be downloaded
    cfg.train_cfg.update(max_iters=1, val_interval=1)
    cfg.default_hooks.checkpoint = None  # half a gigabyte each
    return cfg


def make_runner(cfg: Config, folder: Path) -> Runner:
    model = revert_sync_batchnorm(build_loaded(cfg))
    return Runner(model=model, work_dir=str(folder), randomness=dict(seed=0),
                  experiment_name=folder.name, **{k: cfg.get(k) for k in KEYS})


def watch(runner: Runner) -> tuple:
    """Copies of the initial weights, losses and detections, all to come."""
    before, losses, found = {}, [], []

    def copy(module, *args):
        for key, value in module.state_dict().items():
            before.setdefault(key, value.clone())

    def note(module, args, out):
        (losses.append if isinstance(out, dict) else found.extend)(out)

    runner.model.register_forward_pre_hook(copy)
    runner.model.register_forward_hook(note)
    return before, losses, found


def changed_parts(runner: Runner, before: dict) -> set:
    """Names of the weights that the step changed."""
    now = runner.model.state_dict()
    return {k for k in now if not torch.equal(now[k], before[k])}


@pytest.mark.parametrize('path', RECIPES,
                         ids=lambda path: str(path.relative_to(ROOT)))
def test_recipe_trains_and_validates(path, tmp_path):
    cfg = prepare(path, tmp_path)
    runner = make_runner(cfg, tmp_path)
    before, losses, found = watch(runner)
    runner.train()
    assert all(torch.as_tensor(value).isfinite().all() for one in losses
               for values in one.values()
               for value in (values if isinstance(values, list) else [values])
               )
    assert len(losses) == len(found) == 1
    assert len(found[0].pred_instances) > 0
    changed = changed_parts(runner, before)
    check = check_rpn if cfg.model.type == 'RPN' else check_transfer
    check(cfg, losses[0], changed, found[0].pred_instances)


def check_rpn(cfg, losses, changed, instances) -> None:
    assert set(losses) == {'loss_rpn_cls', 'loss_rpn_bbox'}
    assert any(key.startswith('bbox_head') for key in changed)
    frozen = ('backbone.conv1', 'backbone.bn1', 'backbone.layer1')
    if cfg.model.backbone.frozen_stages == 1:
        assert not any(key.startswith(frozen) for key in changed)


def check_transfer(cfg, losses, changed, instances) -> None:
    """Stem, layer1, the RPN and every norm stay as they are."""
    wanted = {'loss_cls', 'loss_bbox', 'acc', 'acc_fg'}
    masks = 'mask_head' in cfg.model.roi_head
    assert set(losses) == (wanted | {'loss_mask'} if masks else wanted)
    parts = ('backbone.layer2', 'backbone.layer3', 'roi_head.shared_head',
             'roi_head.bbox_head.region_pool', 'roi_head.bbox_head.fc_reg',
             *['roi_head.mask_head'] * masks)
    for part in parts:
        assert any(key.startswith(part) for key in changed), part
    assert all(key.startswith(parts) for key in changed)
    assert not any('.bn' in key or 'running' in key for key in changed)
    assert ('masks' in instances) is masks
    assert len(instances) <= cfg.model.test_cfg.rcnn.max_per_img


TRANSFER = [path for path in RECIPES if path.parent.name == 'transfer']
FULL = [path for path in TRANSFER if path.stem.endswith(
    ('coco-ovd', 'coco-80', 'lvis-ovd', 'lvis'))]


@pytest.mark.parametrize('path', FULL, ids=lambda path: path.stem)
def test_schedule_of_the_reference(path):
    cfg = Config.fromfile(path)
    times = 2 if 'lvis' in path.stem else 1
    assert cfg.train_cfg.max_iters == 90000 * times
    warmup, steps = cfg.param_scheduler
    assert (warmup.begin, warmup.end) == (0, 5000)
    assert steps.milestones == [60000 * times, 80000 * times]
    assert steps.end == 90000 * times
    assert cfg.optim_wrapper.optimizer == dict(
        type='SGD', lr=0.002, momentum=0.9, weight_decay=0.0001)
    assert 'clip_grad' not in cfg.optim_wrapper
    assert 'paramwise_cfg' not in cfg.optim_wrapper  # decay on biases too
    assert cfg.auto_scale_lr.base_batch_size == 16
    assert cfg.train_dataloader.batch_size * 8 == 16
    resize = cfg.train_dataloader.dataset.pipeline[2]
    assert resize.scales == [(1333, s) for s in range(640, 801, 32)]
    assert resize.backend == 'pillow'


@pytest.mark.parametrize('stem, steps', [
    ('rpn_coco_48', 90000), ('rpn_coco_80', 90000), ('rpn_lvis_866', 180000)])
def test_schedule_of_detectron2(stem, steps):
    cfg = Config.fromfile(ROOT / f'configs/rpn/{stem}.py')
    warmup, decay = cfg.param_scheduler
    assert cfg.train_cfg.max_iters == decay.end == steps
    assert decay.milestones == [steps * 2 // 3, steps * 8 // 9]
    assert (warmup.end, cfg.optim_wrapper.optimizer.lr) == (1000, 0.02)


@pytest.mark.parametrize('path', TRANSFER, ids=lambda path: path.stem)
def test_heads_and_thresholds_of_the_reference(path):
    cfg = Config.fromfile(path)
    model, rcnn = cfg.model, cfg.model.test_cfg.rcnn
    loss = model.roi_head.bbox_head.loss_cls
    assert rcnn.nms == dict(type='offset_soft_nms', method='gaussian',
                            sigma=0.5, min_score=0.001)
    if 'lvis' in path.stem:
        assert (rcnn.score_thr, rcnn.max_per_img) == (0.02, 300)
        assert rcnn.objectness == 'sqrt_logit'
        assert loss == dict(type='BackgroundWeightedCrossEntropy',
                            bg_weight=0.8)
        assert cfg.train_dataloader.sampler == dict(
            type='RepeatFactorSampler', threshold=0.001)
        assert model.roi_head.mask_head.class_agnostic
        assert cfg.val_evaluator.metric == ['bbox', 'segm']
        assert model.proposal_source.rpn.rpn_head.num_convs == 2
    else:
        assert (rcnn.score_thr, rcnn.max_per_img) == (0.001, 100)
        assert rcnn.objectness == 'none'
        assert loss == dict(type='FocalScaledCrossEntropy', gamma=0.5,
                            bg_weight=0.2)
    sampler = model.train_cfg.rcnn.sampler
    assert (sampler.num, sampler.pos_fraction) == (512, 0.25)
    assert model.proposal_source.rpn.test_cfg.rpn.nms.iou_threshold == 0.7


def test_every_promised_recipe_is_here():
    stems = {path.stem for path in RECIPES}
    for arch in ('rn50', 'rn50x4'):
        for data in ('c4-rpn_coco-ovd', 'c4-rpn_coco-ovd-base',
                     'c4-rpn_coco-ovd-novel', 'c4-rpn_coco-80',
                     'lsj-rpn_lvis-ovd', 'lsj-rpn_lvis'):
            assert f'regionclip_{arch}_{data}' in stems
    assert {'rpn_coco_48', 'rpn_coco_65', 'rpn_coco_80', 'rpn_lvis_866',
            'rpn_lvis_866_lsj', 'rpn_lvis_1203_clipbackbone'} <= stems
