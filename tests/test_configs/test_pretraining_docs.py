"""What docs/pretraining.md says of configs of one's own is true."""
import shutil

import pretraining_leaves
import pytest
from mmengine.config import Config
from pretraining_leaves import leaf, nano_leaf
from sweep import ROOT
from test_custom_data import substitute
from toy_training import train

PAGE = ROOT / 'docs/pretraining.md'
OWN = 'rn50_rpn_custom-captions'


def own(folder, *changes):
    """The leaf of one's own, after an edit of the file to edit."""
    shutil.copytree(ROOT / 'configs', folder / 'configs')
    substitute(folder / 'configs/_base_/datasets/custom_captions.py', changes)
    return Config.fromfile(folder / leaf(OWN).relative_to(ROOT))


def test_own_pool_and_captions(tmp_path):
    cfg = own(tmp_path, ("'data/mine/'", "'elsewhere/'"),
              ("'caption'  # of", "'alt'  # of"), ('812', '7'))
    for part in (cfg.model, cfg.model.teacher):
        head = part.roi_head.bbox_head
        assert head.num_classes == 7 and head.type == 'RegionBBoxHead'
        assert head.cls_predictor_cfg.vocabulary == dict(
            type='VocabularyFile', path='data/vocabularies/mine_rn50.pth')
        assert 'test_vocabulary' not in head.cls_predictor_cfg
    data = cfg.train_dataloader.dataset
    assert (data.type, data.data_root, data.ann_file, data.caption_key) == (
        'ImageTextPairs', 'elsewhere/', 'pairs.jsonl', 'alt')
    assert cfg.model.teacher.init_cfg.checkpoint == cfg.load_from


def test_own_shards(tmp_path):
    cfg = own(tmp_path, ('train_dataloader = pairs',
                         'train_dataloader = shards'))
    assert cfg.train_dataloader.sampler is None
    data = cfg.train_dataloader.dataset
    assert (data.type, data.data_root, data.shards) == (
        'ImageTextShards', 'data/mine/', '*.tar')


@pytest.mark.parametrize('form', ['pairs', 'shards'])
def test_own_captions_are_trained_on(form, tmp_path, monkeypatch):
    """Without a validation, with the rate scaled to the three images."""
    edited = own(tmp_path, ('train_dataloader = pairs',
                            f'train_dataloader = {form}'))
    monkeypatch.setattr(pretraining_leaves, '_read', lambda _: edited)
    cfg = nano_leaf(OWN, tmp_path)
    (tmp_path / 'coco.pth').unlink()
    printed = train(cfg)
    assert 'Iter(train) [2/2]' in printed and 'Iter(val)' not in printed
    assert 'nan' not in printed and 'skipped' not in printed
    assert 'multiplied by 0.03125 (auto_scale_lr)' in printed


def test_own_captions_with_accumulation_and_cocos_boxes(tmp_path):
    """The leaf of COCO's captions, as the page says."""
    cfg = nano_leaf('rn50_rpn_coco-captions', tmp_path,
                    **{'optim_wrapper.accumulative_counts': 2})
    printed = train(cfg)
    assert 'Iter(val)' in printed and 'nan' not in printed


def test_images_per_step():
    """Four accumulated iterations of 8 GPUs are the original's batch."""
    assert 'accumulative_counts=4' in PAGE.read_text()
    cfg = Config.fromfile(leaf('rn50_rpn_cc3m'))
    assert (cfg.train_dataloader.batch_size * 8 * 4
            == cfg.auto_scale_lr.base_batch_size)
