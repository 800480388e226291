"""Words in other detectors: each shipped recipe trains, evaluates, and takes
other words."""
import re

import cv2
import pytest
import torch
from mmengine.config import Config
from mmengine.fileio import dump
from mmengine.runner import Runner
from mmengine.structures import InstanceData
from nano import ROOT

from mmdet.models.detectors import FasterRCNN
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from projects.emoji_world.emoji_world import coco
from projects.emoji_world.emoji_world.concepts import names
from projects.emoji_world.emoji_world.plans import make_plan
from projects.emoji_world.emoji_world.render import masks, render
from projects.mask_rcnn.make_masks import with_masks
from regionclip_mm.apis import RegionInferencer
from regionclip_mm.models.detectors import FromProposals
from regionclip_mm.text import Vocabulary

LEAVES = sorted(
    path for path in (ROOT / 'projects').glob('*/configs/*_nano*.py')
    if path.parts[-3] != 'emoji_world')
TEXT = [path for path in LEAVES if path.stem.endswith('_text')]
SCENES = 4


def name_of(path) -> str:
    return path.stem


def write_scenes(cfg: Config, folder, masks: bool) -> None:
    """The first scenes, with boxes of base classes and of all."""
    add = with_masks if masks else (lambda document, split: document)
    for index in range(SCENES):
        path = folder / 'images' / coco.image_name('rpn_train', index)
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), render(make_plan('rpn_train', index)))
    base, both = str(folder / 'base.json'), str(folder / 'both.json')
    dump(add(coco.transfer_file('rpn_train', SCENES), 'rpn_train'), base)
    dump(add(coco.detection_file('rpn_train', SCENES, 'coco'),
             'rpn_train'), both)
    for loader, path in ((cfg.train_dataloader, base),
                         (cfg.test_dataloader, both)):
        loader.dataset.update(data_root=f'{folder}/', ann_file=path)
    cfg.test_evaluator.ann_file = both


def small(path, folder) -> Config:
    cfg = Config.fromfile(path)
    write_scenes(cfg, folder, 'mask' in path.stem)
    cfg.merge_from_dict(dict(
        work_dir=str(folder / 'work'), experiment_name=folder.name,
        train_dataloader=dict(batch_size=2), train_cfg=dict(max_iters=2),
        default_hooks=dict(checkpoint=dict(interval=2)), param_scheduler=[]))
    return cfg


@pytest.fixture
def at_root(monkeypatch):
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize('path', LEAVES, ids=name_of)
def test_trains_evaluates_and_takes_words(path, tmp_path, at_root):
    cfg = small(path, tmp_path)
    runner = Runner.from_cfg(cfg)
    runner.train()
    losses = runner.message_hub.get_scalar('train/loss').data[0]
    assert torch.tensor(losses).isfinite().all()
    if path in TEXT:
        assert set(runner.test()) >= {'coco/base_ap50', 'coco/novel_ap50'}
        check_words(path, tmp_path)


def check_words(path, folder) -> None:
    """Other names than those of training, any number, and per image."""
    detect = RegionInferencer(str(path), str(folder / 'work/iter_2.pth'),
                              device='cpu', show_progress=False)
    images = sorted(str(p) for p in (folder / 'images').rglob('*.png'))[:2]
    for texts in ('cat . pizza . bus', 'cat'):
        for found in detect(images, texts=texts)['predictions']:
            assert set(found['label_names']) <= set(texts.split(' . '))
            assert len(found['scores']) == len(found['class_scores'])
    first, second = detect(images, texts=['cat . dog', 'bus'])['predictions']
    assert set(first['label_names']) <= {'cat', 'dog'}
    assert set(second['label_names']) <= {'bus'}
    detect.model.set_vocabulary(['pizza', 'bus'])
    assert detect.model.vocabulary.names == ('pizza', 'bus')


def test_own_classes_as_documented(tmp_path, monkeypatch):
    """The config of docs/mixing.md trains, and finds its words."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'projects').symlink_to(ROOT / 'projects')
    [code] = [code for code in re.findall(
        r'```python\n(.*?)```', (ROOT / 'docs/mixing.md').read_text(), re.S)
        if '_base_' in code]
    (tmp_path / 'own.py').write_text(code)
    for part in ('train', 'val'):
        name = coco.image_name('rpn_train', 0)
        path = tmp_path / 'data/mine' / part / name
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), render(make_plan('rpn_train', 0)))
        dump(coco.detection_file('rpn_train', 1, 'coco'),
             tmp_path / f'data/mine/annotations/{part}.json')
    cfg = Config.fromfile('own.py')
    cfg.merge_from_dict(dict(
        work_dir='work', train_cfg=dict(max_iters=1), param_scheduler=[],
        default_hooks=dict(checkpoint=dict(interval=1))))
    cfg.train_dataloader.dataset.filter_cfg.filter_empty_gt = False
    runner = Runner.from_cfg(cfg)
    runner.train()
    assert 'coco/base_ap50' in runner.test()
    assert runner.model.vocabulary.names == ('boat', 'tv', 'bottle')


@pytest.mark.parametrize('path', TEXT, ids=name_of)
def test_words_in_another_order_stop_it(path, tmp_path, at_root):
    cfg = small(path, tmp_path)
    cfg.train_dataloader.dataset.metainfo = dict(
        classes=names('base')[::-1])
    with pytest.raises(ValueError, match='the vocabulary of the detector .40 '
                       'names. is not the class list of train_dataloader'):
        Runner.from_cfg(cfg).train()


@pytest.mark.parametrize('path', TEXT, ids=name_of)
def test_differs_from_the_detector_in_few_lines(path):
    """At most ten lines say what makes a detector one of words."""
    lines = path.read_text().split('"""')[2].strip().splitlines()
    assert len([line for line in lines if line.strip()]) <= 10


def test_all_of_clips_backbone_is_loaded(at_root):
    path = ROOT / 'projects/clip_fpn/configs/clip-fpn_nano_text.py'
    backbone = MODELS.build(Config.fromfile(path).model.backbone)
    before = {k: v.clone() for k, v in backbone.state_dict().items()}
    backbone.init_weights()
    assert not [key for key, value in backbone.state_dict().items()
                if torch.equal(value, before[key])
                and not key.endswith('num_batches_tracked')]


def fast_rcnn(strides: list) -> torch.nn.Module:
    """With annotated boxes as proposals."""
    model = Config.fromfile(
        ROOT / 'projects/fast_rcnn/configs/fast-rcnn_nano.py').model
    model.roi_head.bbox_roi_extractor.featmap_strides = strides
    return MODELS.build(dict(model, proposal_source=dict(type='GTProposals')))


def test_a_source_beside_an_rpn_is_refused(at_root):
    rpn = Config.fromfile(
        ROOT / 'projects/faster_rcnn/configs/faster-rcnn_nano.py').model
    model = dict(rpn, type=SourcedFasterRCNN,
                 proposal_source=dict(type='GTProposals'))
    with pytest.raises(ValueError, match='set model.rpn_head=None'):
        MODELS.build(model)
    model.update(rpn_head=None)
    MODELS.build(model)


class SourcedFasterRCNN(FromProposals, FasterRCNN):
    """As docs/mixing.md makes one."""


@pytest.mark.parametrize('strides', [[8], [8, 16, 32]])
def test_no_region_in_the_batch(strides, at_root):
    """Each weight that is trained has a gradient all the same."""
    model = fast_rcnn(strides).train()
    sample = DetDataSample(metainfo=dict(
        img_shape=(64, 64), ori_shape=(64, 64), scale_factor=(1., 1.)))
    sample.gt_instances = InstanceData(
        bboxes=torch.zeros(0, 4), labels=torch.zeros(0, dtype=torch.long))
    sample.ignored_instances = InstanceData(bboxes=torch.zeros(0, 4))
    losses = model(torch.rand(1, 3, 64, 64), [sample], mode='loss')
    assert losses['loss_cls'] == 0
    sum(losses.values()).backward()
    assert all(weight.grad is not None for weight in model.parameters()
               if weight.requires_grad)


def test_one_place_says_it_wants_one_anchor(at_root):
    model = Config.fromfile(
        ROOT / 'projects/atss/configs/atss_nano_text.py').model
    model.bbox_head.anchor_generator.ratios = [0.5, 1.0]
    with pytest.raises(ValueError, match='2 anchors at a place'):
        MODELS.build(model)


@pytest.mark.parametrize('name', ['atss', 'rtmdet', 'dino'])
def test_a_loss_with_background_is_refused(name, at_root):
    model = Config.fromfile(
        ROOT / f'projects/{name}/configs/{name}_nano_text.py').model
    model.bbox_head.pop('loss_cls')
    model.bbox_head.loss_cls = dict(type='CrossEntropyLoss')
    with pytest.raises(ValueError, match='set use_sigmoid=True'):
        MODELS.build(model)


@pytest.mark.parametrize('name, head, key', [
    ('faster_rcnn', 'bbox_head', 'reg_class_agnostic'),
    ('mask_rcnn', 'mask_head', 'class_agnostic')])
def test_boxes_and_masks_of_each_class_are_refused(name, head, key, at_root):
    """Those of the words of a test would be of classes of training."""
    [path] = (path for path in TEXT if path.parts[-3] == name)
    model = Config.fromfile(path).model
    model.roi_head[head][key] = False
    with pytest.raises(ValueError, match=f'model.roi_head.{head}.{key}=False '
                       f'has boxes or masks .* set {key}=True'):
        MODELS.build(model)


def test_words_of_another_clip_are_refused(at_root):
    """Of the same size, which says nothing."""
    [path] = (path for path in TEXT if path.parts[-3] == 'atss')
    detect = RegionInferencer(Config.fromfile(path), device='cpu')
    words = Vocabulary(('cat', ), torch.ones(1, 128), dict(arch='rn101'))
    with pytest.raises(ValueError, match="is of CLIP's rn101, the detector's "
                       'text_encoder is nano'):
        detect(torch.zeros(32, 32, 3).byte().numpy(), vocabulary=words)


@pytest.mark.parametrize('name', ['atss', 'faster_rcnn'])
def test_region_features_are_of_regionclip(name, at_root):
    [path] = (path for path in TEXT if path.parts[-3] == name)
    detect = RegionInferencer(Config.fromfile(path), device='cpu')
    with pytest.raises(ValueError, match='only a RegionCLIP can be used for '
                       'region features'):
        detect.region_features(torch.zeros(8, 8, 3).byte().numpy())


@pytest.mark.parametrize('path', TEXT, ids=name_of)
def test_a_detector_without_text_classifier_is_refused(path, at_root):
    model = Config.fromfile(path).model
    plain = Config.fromfile(str(path).replace('_text', '')).model
    plain.type = model.type
    with pytest.raises(ValueError, match='has no text classifier'):
        MODELS.build(plain)


def test_dinos_layers_share_their_words(at_root):
    path = ROOT / 'projects/dino/configs/dino_nano_text.py'
    model = MODELS.build(Config.fromfile(path).model)
    assert len(model.classifiers) == 3
    assert len({id(one.vocabularies) for one in model.classifiers}) == 1
    weights = {id(one.projection.weight) for one in model.classifiers}
    assert len(weights) == 3


def test_counts_follow_the_words(at_root):
    path = ROOT / 'projects/rtmdet/configs/rtmdet_nano_text.py'
    model = MODELS.build(Config.fromfile(path).model)
    head = model.bbox_head
    assert head.num_classes == head.cls_out_channels == 40
    model.eval()
    assert head.num_classes == head.cls_out_channels == 55
    model.set_vocabulary(['cat', 'dog'])
    assert head.num_classes == 2
    model.train()
    assert head.num_classes == 40


def test_masks_are_of_what_is_seen():
    """Masks do not overlap, lie in their boxes and are not the boxes."""
    plan = make_plan('rpn_train', 0)
    found = list(masks(plan))
    assert len(found) == len(plan.objects)
    assert sum(found).max() == 1
    for mask, placed in zip(found, plan.objects):
        x1, y1, x2, y2 = placed.box
        rows, columns = mask.nonzero()
        assert columns.min() >= x1 - 1.5 and columns.max() <= x2 + 0.5
        assert rows.min() >= y1 - 1.5 and rows.max() <= y2 + 0.5
        assert 0.1 < mask.sum() / ((x2 - x1) * (y2 - y1)) < 0.98


def test_layout_that_mmcv_misreads_is_refused(tmp_path, at_root):
    """mmcv's RoIAlign on a CPU takes every tensor for one of plain layout."""
    path = ROOT / 'projects/faster_rcnn/configs/faster-rcnn_nano_text.py'
    cfg = small(path, tmp_path)
    cfg.custom_hooks = [dict(type='ChannelsLastHook')]
    with pytest.raises(ValueError, match='RoIAlign reads channels_last'):
        Runner.from_cfg(cfg).train()
