"""The miniature of transfer learning, on a handful of scenes."""
import cv2
import pytest
import torch
from coco_files import make_scenes, write_coco, write_images
from mmengine.config import Config
from mmengine.fileio import dump
from mmengine.runner import Runner
from nano import ROOT

from projects.emoji_world.emoji_world import coco
from projects.emoji_world.emoji_world.concepts import concepts, names
from projects.emoji_world.emoji_world.plans import make_plan
from projects.emoji_world.emoji_world.render import render
from projects.emoji_world.tools.make_scenes import documents_of
from regionclip_mm.checkpoint import load_weights
from regionclip_mm.io.files import load_plain_file

CONFIG = 'projects/emoji_world/configs/transfer_nano.py'
SCENES, STEPS = 16, 6
FROZEN = ('proposal_source.', 'backbone.conv', 'backbone.bn',
          'backbone.layer1.', 'text_encoder.')


@pytest.fixture
def runner(tmp_path, monkeypatch):
    """The shipped config on the first scenes, for a few steps."""
    monkeypatch.chdir(ROOT)
    for index in range(SCENES):
        path = tmp_path / 'images' / coco.image_name('rpn_train', index)
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), render(make_plan('rpn_train', index)))
    cfg = Config.fromfile(CONFIG)
    data = cfg.train_dataloader.dataset
    data.data_root = f'{tmp_path}/'
    data.ann_file = str(tmp_path / 'base.json')
    dump(coco.transfer_file('rpn_train', SCENES), data.ann_file)
    cfg.merge_from_dict(dict(
        work_dir=str(tmp_path / 'work'), experiment_name=tmp_path.name,
        train_dataloader=dict(batch_size=2), train_cfg=dict(max_iters=STEPS),
        default_hooks=dict(logger=dict(interval=1)), param_scheduler=[]))
    return Runner.from_cfg(cfg)


def test_base_boxes_train_the_region_encoder_alone(runner, tmp_path):
    runner.train()
    before = load_weights(runner.cfg.load_from).tensors
    state = load_plain_file(tmp_path / f'work/iter_{STEPS}.pth')['state_dict']
    changed = {k for k in state if k not in before
               or not torch.equal(state[k], before[k].to(state[k]))}
    assert not [k for k in changed if k.startswith(FROZEN) or '.bn' in k
                or 'running' in k or '.downsample.1' in k]
    for part in ('backbone.layer2', 'backbone.layer3', 'roi_head.shared_head',
                 'roi_head.bbox_head.region_pool', 'roi_head.bbox_head.fc_'):
        assert any(k.startswith(part) for k in changed), part
    history = runner.message_hub.get_scalar('train/loss_cls').data[0]
    assert len(history) == STEPS and history[-1] < history[0]


def test_training_and_testing_have_their_own_names():
    model = Config.fromfile(CONFIG).model
    classifier = model.roi_head.bbox_head.cls_predictor_cfg
    assert classifier.vocabulary.roles == ('base', )
    assert classifier.test_vocabulary.roles == ('base', 'novel')


def test_data_of_ones_own(tmp_path, monkeypatch):
    """transfer_nano_custom.py, its data replaced, from boxes to AP."""
    monkeypatch.chdir(ROOT)
    scenes = make_scenes(('lamp', 'teapot'), images=4)
    write_images(tmp_path / 'train', scenes)
    write_coco(tmp_path / 'a.json', scenes, dict(teapot=9, lamp=4))
    cfg = Config.fromfile('projects/emoji_world/configs/'
                          'transfer_nano_custom.py')
    classifier = cfg.model.roi_head.bbox_head.cls_predictor_cfg
    assert classifier.vocabulary.names == cfg.train_classes
    assert classifier.test_vocabulary.names == cfg.test_classes
    head = cfg.model.roi_head.bbox_head
    for part, words in (('train', ('lamp', )), ('val', ('lamp', 'teapot'))):
        cfg[f'{part}_dataloader'].update(num_workers=0,
                                         persistent_workers=False)
        cfg[f'{part}_dataloader'].dataset.update(
            data_root=str(tmp_path), ann_file='a.json',
            data_prefix=dict(img='train'), metainfo=dict(
                classes=words, base_classes=('lamp', ),
                novel_classes=words[1:]))
    classifier.vocabulary.names = ('lamp', )
    classifier.test_vocabulary.names = ('lamp', 'teapot')
    head.num_classes = 1
    cfg.val_evaluator.ann_file = str(tmp_path / 'a.json')
    cfg.merge_from_dict(dict(
        work_dir=str(tmp_path / 'work'), experiment_name=tmp_path.name,
        train_cfg=dict(max_iters=2, val_interval=2), param_scheduler=[],
        test_dataloader=None, test_evaluator=None, test_cfg=None))
    runner = Runner.from_cfg(cfg)
    runner.train()
    found = runner.message_hub.get_scalar('val/coco/novel_ap50').current()
    assert 0 <= found <= 1


def test_training_sees_neither_boxes_nor_pictures_of_novel_objects():
    document = documents_of('rpn_val')['base']()
    named = {c['id']: c['name'] for c in document['categories']}
    assert tuple(named.values()) == names('base')
    shown = {concepts()[o.concept].role for image in document['images']
             for o in make_plan('rpn_val', image['id']).objects}
    assert shown == {'base', 'other'}
    assert 20 < len(document['images']) < 80
    assert {a['category_id'] for a in document['annotations']} <= set(named)
    assert not any(a['iscrowd'] for a in document['annotations'])
    assert set(documents_of('rpn_train')) == {'base', 'coco', 'rpn'}
    assert set(documents_of('captions_train')) == {'captions'}
    assert set(documents_of('eval')) == {'coco', 'all'}
