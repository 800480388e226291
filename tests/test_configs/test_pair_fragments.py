"""The fragments of pretraining data, merged as a leaf does."""
import pytest
import torch
from mmengine.config import Config
from pair_data import encoded, pair, tar_of
from sweep import ROOT

from mmdet.registry import DATASETS
from regionclip_mm import datasets  # noqa: F401


@pytest.mark.parametrize('name', ['coco_captions', 'cc3m_shards'])
def test_beside_data_of_validation(name, tmp_path):
    leaf = tmp_path / 'leaf.py'
    fragments = ROOT / 'configs/_base_/datasets'
    leaf.write_text(
        f"_base_ = ['{fragments}/coco_ovd.py', '{fragments}/{name}.py']\n"
        f'train_dataloader = dict(_delete_=True, **_base_.{name})\n')
    cfg = Config.fromfile(leaf)
    assert cfg.train_dataloader.dataset.type.startswith('ImageText')
    assert cfg.train_dataloader.batch_size * 32 == 96  # of the recipe
    assert cfg.val_dataloader.dataset.type == 'OVCocoDataset'


def test_what_it_gives(tmp_path):
    (tmp_path / 'a.tar').write_bytes(tar_of(
        pair('x', ' two dogs ', encoded(size=(64, 40)))))
    cfg = Config.fromfile(ROOT / 'configs/_base_/datasets/cc3m_shards.py')
    data = next(iter(DATASETS.build(dict(
        cfg.cc3m_shards.dataset, data_root=str(tmp_path)))))
    sample, image = data['data_samples'], data['inputs']
    assert image.dtype == torch.uint8 and image.shape[0] == 3
    assert image.shape[1] in (640, 672, 704, 736, 768, 800)
    assert sample.text == 'two dogs' and sample.shard == 'a.tar'
    assert sample.img_id == 'x' and sample.ori_shape == (40, 64)
    assert sample.img_shape == tuple(image.shape[1:])
    assert len(sample.scale_factor) == 2
