"""What docs/pretraining.md says of configs of one's own is true."""
import re

import pytest
from mmengine.config import Config
from pretraining_leaves import nano_leaf
from sweep import ROOT
from toy_training import train

PAGE = ROOT / 'docs/pretraining.md'
LEAVES = ROOT / 'configs/pretrain'


@pytest.fixture
def own(tmp_path):
    """The leaf of one's own, and the line that leaves out COCO."""
    section = PAGE.read_text().split('### Own images and captions')[1]
    code = re.search(r'```python\n(.*?)```', section, re.S)[1]
    assert "_base_ = './" in code
    line = re.search(r'`(val_cfg = .*?)`', section)[1]
    path = tmp_path / 'own.py'
    path.write_text('\n'.join([code.replace("'./", f"'{LEAVES}/"), line]))
    return Config.fromfile(path)


def test_own_pool_and_shards(own):
    for part in (own.model, own.model.teacher):
        head = part.roi_head.bbox_head
        assert head.num_classes == 812
        assert head.cls_predictor_cfg.vocabulary == dict(
            type='VocabularyFile', path='data/vocabularies/mine_rn50.pth')
        assert head.type == 'RegionBBoxHead'
    data = own.train_dataloader.dataset
    assert (data.type, data.data_root) == ('ImageTextShards', 'data/mine/')
    assert own.model.teacher.init_cfg.checkpoint == own.load_from


def test_without_validation(own, tmp_path):
    """Also with accumulated iterations."""
    none = {key: own[key] for key in ('val_cfg', 'val_dataloader',
                                      'val_evaluator')}
    assert list(none.values()) == [None] * 3
    assert '`test_vocabulary=None` to\nthe student' in PAGE.read_text()
    cfg = nano_leaf('rn50_rpn_cc3m', tmp_path, **none, **{
        'optim_wrapper.accumulative_counts': 2,
        'model.roi_head.bbox_head.cls_predictor_cfg.test_vocabulary': None})
    (tmp_path / 'coco.pth').unlink()
    printed = train(cfg)
    assert 'Iter(train) [2/2]' in printed and 'Iter(val)' not in printed
    assert 'nan' not in printed


def test_images_per_step():
    """Four accumulated iterations of 8 GPUs are the original's batch."""
    assert 'accumulative_counts=4' in PAGE.read_text()
    cfg = Config.fromfile(LEAVES / 'regionclip_rn50_rpn_cc3m.py')
    assert (cfg.train_dataloader.batch_size * 8 * 4
            == cfg.auto_scale_lr.base_batch_size)
