"""Every recipe of pretraining at full size: a step, then a validation.

Weights, embeddings and the one small pair are random; everything else is the
leaf's, as MMEngine's Runner builds it. What follows is in
test_pretraining_chain.py.
"""
import copy
import json
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from pair_data import encoded, pair, tar_of
from region_label_files import make_labels
from sweep import LEAVES, classifier_of
from test_training_sweep import (changed_parts, make_runner, use_small_data,
                                 watch)

from regionclip_mm.checkpoint import model_layout
from regionclip_mm.datasets import COCO_ALL_65
from regionclip_mm.io.region_label_writer import write_region_labels
from regionclip_mm.models.layers.clip_archs import get_arch
from regionclip_mm.text import Vocabulary

RECIPES = [path for path in LEAVES if path.parent.name == 'pretrain']
POOLS = dict(coco=('coco_nouns_4764', 4764),
             cc3m=('googlecc_nouns_6250', 6250), custom=('mine', 812))
# Steps, learning rate, and for how many images it is.
SCHEDULES = dict(coco=(96000, 0.0005, 24), cc3m=(600000, 0.002, 96),
                 custom=(20000, 0.002, 96))
LOSSES = {'loss_region_distill', 'loss_concept_contrastive',
          'loss_img_txt_level'}


def kind_of(path: Path) -> str:
    return next(kind for kind in POOLS if kind in path.stem)


def parts_of(cfg: Config) -> list:
    """Configs of the student and, unless it is offline, of the teacher."""
    return [part for part in (cfg.model, cfg.model.get('teacher')) if part]


def use_random_pools(cfg: Config, path: Path, folder: Path) -> None:
    """As large as the real ones and of the same names, found by them."""
    stem, count = POOLS[kind_of(path)]
    names = tuple(f'concept {i}' for i in range(count))
    for number, part in enumerate(parts_of(cfg)):
        arch = part.backbone.arch
        head = part.roi_head.bbox_head
        assert head.num_classes == count
        words = head.cls_predictor_cfg.vocabulary
        assert words.path == f'data/vocabularies/{stem}_{arch}.pth'
        words.path = str(folder / f'pool{number}.pth')
        save_random(names, arch, words.path)
    if cfg.val_cfg is None:
        assert 'test_vocabulary' not in classifier_of(cfg)
        return
    words = classifier_of(cfg).test_vocabulary
    arch = cfg.model.backbone.arch
    assert words.path == f'data/vocabularies/coco_65_{arch}.pth'
    words.path = str(folder / 'coco.pth')
    save_random(COCO_ALL_65, arch, words.path)


def save_random(names, arch: str, path: str) -> None:
    torch.manual_seed(0)
    Vocabulary(tuple(names), torch.randn(
        len(names), get_arch(arch).embed_dim)).save(path)


def use_small_pairs(cfg: Config, folder: Path) -> None:
    """One image with a caption in place of the real ones."""
    image, data = encoded(size=(160, 128)), cfg.train_dataloader.dataset
    data.data_root = str(folder)
    if data.type == 'ImageTextShards':
        (folder / 'a.tar').write_bytes(tar_of(pair('0', 'a dog', image)))
    else:
        (folder / '0.jpg').write_bytes(image)
        (folder / 'pairs.json').write_text(json.dumps(dict(
            images=[dict(id=0, file_name='0.jpg', width=160, height=128)],
            annotations=[dict(id=1, image_id=0, caption='a dog')])))
        data.update(ann_file='pairs.json', data_prefix=dict(img=''))
    step = data.pipeline[0]
    if step['type'] == 'LoadRegionLabels':
        step.ann_file = str(folder / 'labels.json')
        write_random_labels(step.ann_file, classifier_of(cfg).vocabulary.path,
                            '0' if 'shards' in data else 0)


def write_random_labels(path: str, pool: str, image_id) -> None:
    names = Vocabulary.load(pool).names
    [labels], dtype = make_labels((9, ), names)
    labels.image.update(id=image_id, width=160, height=128)
    write_region_labels(path, [labels], 9, names, dtype, {})


def prepare(path: Path, folder: Path) -> Config:
    """The leaf with small data, for one step and one validation."""
    cfg = Config.fromfile(path)
    begins_with(cfg)
    use_random_pools(cfg, path, folder)
    pairs = copy.deepcopy(cfg.train_dataloader)
    if cfg.val_cfg is not None:
        use_small_data(cfg, folder)
    cfg.train_dataloader.dataset = pairs.dataset  # update() would merge
    cfg.train_dataloader.update(
        num_workers=0, persistent_workers=False, batch_size=1)
    for step in cfg.train_dataloader.dataset.pipeline:
        if step['type'] == 'RandomChoiceResize':
            step['scales'] = [(256, 128)]
    use_small_pairs(cfg, folder)
    cfg.model.num_regions = 2
    cfg.model.proposal_source.rpn.test_cfg.rpn.max_per_img = 4
    cfg.train_cfg.update(max_iters=1, val_interval=1)
    cfg.default_hooks.checkpoint = None  # half a gigabyte each
    return cfg


def begins_with(cfg: Config) -> None:
    """The same file for both, or one for each, of their arch; none here."""
    student, *teacher = (f'checkpoints/clip_{part.backbone.arch}_rpn-lvis866_'
                         'text.pth' for part in parts_of(cfg))
    assert cfg.load_from == student
    for path in teacher:
        assert cfg.model.teacher.pop('init_cfg') == dict(
            type='Pretrained', checkpoint=path)


@pytest.mark.parametrize('path', RECIPES, ids=lambda path: path.stem)
def test_recipe_trains_and_validates(path, tmp_path):
    cfg = prepare(path, tmp_path)
    runner = make_runner(cfg, tmp_path)
    before, losses, found = watch(runner)
    teacher = getattr(runner.model, 'teacher', None)
    if teacher is not None:  # not part of state dicts
        teacher.load_state_dict(teacher.state_dict())
        copied = {k: v.clone() for k, v in teacher.state_dict().items()}
    runner.train()
    [values] = losses
    assert set(values) == LOSSES | {'kept', 'acc_concept'}
    assert all(torch.isfinite(value).all() for value in values.values())
    assert len(found) == (cfg.val_cfg is not None)
    for sample in found:
        assert set(sample.pred_instances.label_names) <= set(COCO_ALL_65)
    check_changes(changed_parts(runner, before))
    if teacher is not None:
        now = teacher.state_dict()
        assert all(torch.equal(now[k], copied[k]) for k in copied)
    check_detector(cfg, runner.model.state_dict())


def check_changes(changed: set) -> None:
    """layer2 to 4 and the pool learn; stem, layer1, norms, RPN and text tower
    stay as they are."""
    parts = ('backbone.layer2.', 'backbone.layer3.', 'roi_head.shared_head.',
             'roi_head.bbox_head.region_pool.')
    for part in parts:
        assert any(key.startswith(part) for key in changed), part
    assert all(key.startswith(parts) for key in changed)
    assert not any('.bn' in key or 'running' in key or 'downsample.1' in key
                   for key in changed)


def check_detector(cfg: Config, state: dict) -> None:
    """Its keys are those of the zero-shot config that goes with it."""
    arch = cfg.model.backbone.arch
    [path] = [path for path in LEAVES
              if path.stem == f'regionclip_{arch}_rpn_coco-ovd']
    zeroshot = Config.fromfile(path).model
    zeroshot.text_encoder = dict(type='CLIPTextEncoder', arch=arch)
    layout = model_layout(zeroshot)
    assert {key: tuple(value.shape) for key, value in state.items()} == layout


@pytest.mark.parametrize('path', RECIPES, ids=lambda path: path.stem)
def test_numbers_of_the_reference(path):
    cfg = Config.fromfile(path)
    check_schedule(cfg, *SCHEDULES[kind_of(path)])
    model, rcnn = cfg.model, cfg.model.test_cfg.rcnn
    rpn = model.proposal_source.rpn.test_cfg.rpn
    assert (rpn.nms.iou_threshold, rpn.max_per_img) == (0.5, 300)
    assert (model.num_regions, model.concept_thr) == (100, 0.1)
    assert model.backbone.frozen_stages == 1
    assert all(part.roi_head.bbox_head.cls_predictor_cfg.temperature == 0.01
               for part in parts_of(cfg))
    assert (rcnn.objectness, rcnn.nms.iou_threshold) == ('sqrt_logit', 0.5)
    pipeline = cfg.train_dataloader.dataset.pipeline
    resize = next(s for s in pipeline if s.type == 'RandomChoiceResize')
    assert resize.scales == [(1333, s) for s in range(640, 801, 32)]
    assert resize.backend == 'pillow'
    assert not any(step.type == 'RandomFlip' for step in pipeline)
    assert [step.get('scale') for step in cfg.label_pipeline] == [
        None, (1333, 800), None]


def check_schedule(cfg: Config, steps: int, rate: float, batch: int) -> None:
    """The reference's, or the same with another number of steps."""
    warmup, decay = cfg.param_scheduler
    assert cfg.train_cfg.max_iters == decay.end == steps
    assert decay.milestones == [steps // 2, steps * 7 // 8]
    assert (warmup.begin, warmup.end, warmup.start_factor) == (0, 1000, 0.001)
    assert cfg.optim_wrapper.optimizer == dict(
        type='SGD', lr=rate, momentum=0.9, weight_decay=0.0001)
    assert cfg.optim_wrapper.constructor == 'ClipEachConstructor'
    assert cfg.optim_wrapper.clip_grad == dict(max_norm=5.0)
    assert cfg.auto_scale_lr.base_batch_size == batch
    assert cfg.train_dataloader.batch_size * 8 in (batch, batch / 4)


def test_every_promised_recipe_is_here():
    assert {path.stem for path in RECIPES} >= {
        f'regionclip_{name}' for name in (
            'rn50_rpn_cc3m', 'rn50_rpn_coco-captions', 'rn50x4_rpn_cc3m',
            'rn50x4_rpn_coco-captions', 'rn50_rpn_cc3m_x4-teacher',
            'rn50_rpn_cc3m_offline', 'rn50_rpn_coco-captions_offline')}
