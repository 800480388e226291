"""tools/label_regions.py, and an offline training with what it wrote."""
from pathlib import Path

import pytest
import torch
from labelling import change_pair, killed, tool, write_online
from mmengine.config import Config
from mmengine.dataset import ConcatDataset, pseudo_collate
from mmengine.runner import load_checkpoint
from nano_pretraining import CONCEPTS

from mmdet.datasets import CocoDataset
from mmdet.datasets.transforms import PackDetInputs, RandomFlip
from mmdet.registry import DATASETS, MODELS, TRANSFORMS
from regionclip_mm.apis import label_parts, region_labelling
from regionclip_mm.apis.offline_config import offline_config
from regionclip_mm.apis.region_labelling import RegionLabeller
from regionclip_mm.io.region_label_reader import RegionLabels
from regionclip_mm.models import RegionTextPretrainer

LOSSES = ('loss_region_distill', 'loss_concept_contrastive',
          'loss_img_txt_level')


@pytest.fixture
def online(tmp_path, monkeypatch):
    """The folder with `online.py`."""
    write_online(tmp_path, monkeypatch)
    return tmp_path


@pytest.fixture
def main():
    return tool()


def test_labels_and_an_offline_training(main, online, capsys):
    main(['online.py', 'out/a.json', '--top-k', '5', '--storage', 'float32',
          '--offline-config', 'offline.py'])
    told = capsys.readouterr()
    assert '6 images, ' in told.out and 'python tools/train.py' in told.out
    assert '1 images were skipped' in told.err and 'id id4' in told.err
    labels = RegionLabels('out/a.json')
    assert labels.skipped == {'id4'} and labels.names == CONCEPTS
    assert labels.images[1] == dict(
        id='id1', file_name='1.png', width=80, height=65,
        captions=['a cat', 'a dog'])
    job = labels.about['job']
    assert job['teacher']['temperature'] == 0.1
    assert len(job['teacher']['weights_sha256']) == 64
    assert sorted(p.name for p in Path('out').iterdir()) == [
        'a.index.jsonl', 'a.json', 'a.npy']
    dataset = CocoDataset(
        data_root=str(online), ann_file='out/a.json', test_mode=True,
        data_prefix=dict(img='images'), metainfo=dict(classes=CONCEPTS),
        pipeline=[dict(type='LoadImageFromFile')])
    assert [dataset[i]['img'].shape[0] for i in range(6)] == [
        60, 65, 70, 75, 85, 90]
    found = [losses_of(Config.fromfile(name))
             for name in ('online.py', 'offline.py')]
    for name in (*LOSSES, 'kept'):
        assert found[1][name].item() == pytest.approx(
            found[0][name].item(), abs=1e-4), name


def losses_of(cfg):
    pretrainer = MODELS.build(cfg.model)
    pretrainer.init_weights()
    load_checkpoint(pretrainer, cfg.load_from, map_location='cpu')
    assert hasattr(pretrainer, 'teacher') == ('teacher' in cfg.model)
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    batch = pseudo_collate([dataset[0], dataset[2], dataset[5]])
    torch.manual_seed(0)
    return pretrainer.train()(
        **pretrainer.data_preprocessor(batch, True), mode='loss')


def test_bad_images_are_skipped_in_offline_training_too(main, online):
    main(['online.py', 'a.json'])
    cfg = offline_config(Config.fromfile('online.py'), 'a.json')
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    assert dataset.prepare_data(4) is None
    assert dataset[4]['data_samples'].img_id != 'id4'


@pytest.mark.parametrize('options, message', [
    (['a.txt'], 'a.txt should end in .json'),
    (['{shard}.json'], r'with \{shard\} in its name there is a file for each'),
    (['a.json', '--cfg-options', 'label_pipeline='], 'no label_pipeline: set '
     'it to the steps'),
    (['a.json', '--cfg-options', 'model.teacher='], "no model of type "
     "'RegionTextPretrainer' with a teacher"),
    (['a.json', '--cfg-options', 'load_from=no.pth'], 'no.pth'),
    (['images/0.png/a.json'], '0.png is not a folder'),
    (['b.json'], 'b.npy is in the way'),
])
def test_what_cannot_be_done(main, online, options, message):
    Path('b.npy').mkdir()
    with pytest.raises(SystemExit, match=message):
        main(['online.py', *options])


def test_steps_that_change_images(main, online, monkeypatch):
    """They are named; so is an image that a step of one's own has moved."""
    class MyFlip(RandomFlip):
        pass
    monkeypatch.setitem(TRANSFORMS.module_dict, 'MyFlip', MyFlip)
    for kind, message in (
            ('RandomFlip', r'moved.py: label_pipeline.1 \(RandomFlip\) may '
             'change images by chance'),
            ('MyFlip', "image 'id0' is flipped after label_pipeline")):
        cfg = Config.fromfile('online.py')
        cfg.label_pipeline[1] = dict(type=kind, prob=1.0)
        cfg.dump('moved.py')
        with pytest.raises(SystemExit, match=message):
            main(['moved.py', 'a.json'])


def test_names_of_a_scope_and_classes_of_ones_own(main, online, monkeypatch):
    class MyPack(PackDetInputs):
        pass

    class MyPretrainer(RegionTextPretrainer):
        pass
    monkeypatch.setitem(TRANSFORMS.module_dict, 'MyPack', MyPack)
    monkeypatch.setitem(MODELS.module_dict, 'MyPretrainer', MyPretrainer)
    cfg = Config.fromfile('online.py')
    cfg.train_dataloader.dataset.pipeline[-1].type = 'mmdet.PackDetInputs'
    last = offline_config(cfg, 'a.json').train_dataloader.dataset.pipeline[-1]
    assert last.type == 'PackRegionLabels'
    cfg.train_dataloader.dataset.pipeline[-1].type = 'MyPack'
    cfg.model.type = 'MyPretrainer'
    cfg.dump('own.py')
    main(['own.py', 'a.json'])  # they need not become an offline config
    assert len(RegionLabels('a.json').images) == 6
    with pytest.raises(SystemExit, match="^error: model.type='MyPretrainer': "
                       'the config of offline training is made for '
                       'RegionTextPretrainer alone'):
        main(['own.py', 'b.json', '--offline-config', 'off.py'])
    changes = ['--cfg-options', 'model.type=RegionTextPretrainer']
    with pytest.raises(SystemExit, match="type='PackDetInputs', which"):
        main(['own.py', 'b.json', '--offline-config', 'off.py', *changes])
    with pytest.raises(SystemExit, match="^error: model.loss_region_distill."
                       "type='L1Loss': the config"):
        main(['own.py', 'b.json', '--offline-config', 'off.py', *changes,
              'model.loss_region_distill.type=L1Loss'])


def test_a_device_that_is_not_there(main, online):
    with pytest.raises(SystemExit, match='^error: --device cuda:9 cannot be '
                       'used here: '):
        main(['online.py', 'a.json', '--device', 'cuda:9'])


def test_another_batch_size_and_a_new_folder(main, online):
    """As after too little memory."""
    main(['online.py', 'a.json', '--part', '0/2', '--batch-size', '3'])
    main(['online.py', 'a.json', '--batch-size', '1', '--offline-config',
          'new/off.py'])
    assert Config.fromfile('new/off.py').model.type.startswith('Offline')
    assert len(RegionLabels('a.json').images) == 6


def test_a_dataset_of_others(main, online):
    """Of which mmengine takes another image where one is broken."""
    cfg = Config.fromfile('online.py')
    inner = cfg.train_dataloader.dataset
    cfg.train_dataloader.dataset = dict(
        type='ConcatDataset', datasets=[inner])
    cfg.dump('several.py')
    with pytest.raises(SystemExit, match="dataset.type='ConcatDataset' holds "
                       'other data sets: label each of them by itself'):
        main(['several.py', 'a.json'])
    with pytest.raises(ValueError, match='label each of them by itself'):
        label_parts.parts_of(ConcatDataset([DATASETS.build(inner)]))


def test_without_a_resize(main, online):
    cfg = Config.fromfile('online.py')
    cfg.label_pipeline.pop(1)
    cfg.dump('as_is.py')
    main(['as_is.py', 'a.json'])
    boxes = RegionLabels('a.json')['id0']['boxes']
    assert boxes[:, 2].max() == 80 and boxes[:, 3].max() == 60


def test_no_image_can_be_read(main, online):
    """When they are there, the same command labels them."""
    Path('images').rename('elsewhere')
    with pytest.raises(SystemExit, match='no image could be labelled: image 0 '
                       r'\(id id0\): unreadable images: '):
        main(['online.py', 'a.json'])
    Path('elsewhere').rename('images')
    main(['online.py', 'a.json'])
    assert len(RegionLabels('a.json').images) == 6


def test_a_first_part_without_an_image(main, online):
    for number in range(3):
        Path(f'images/{number}.png').write_bytes(b'')
    main(['online.py', 'a.json', '--part', '0/3'])
    main(['online.py', 'a.json'])
    labels = RegionLabels('a.json')
    assert [image['id'] for image in labels.images] == ['id3', 'id5', 'id6']
    assert labels.skipped == {'id0', 'id1', 'id2', 'id4'}


def test_a_run_of_nothing_stops_early(main, online, monkeypatch):
    """But goes on if it is told to, and what is on disk counts."""
    monkeypatch.setattr(label_parts, 'PART', 1)
    monkeypatch.setattr(region_labelling, 'ALL_BAD', 2)
    for number in range(3):
        Path(f'images/{number}.png').write_bytes(b'')
    with pytest.raises(SystemExit, match=r'in 2 parts .* image 1 \(id id1\): '
                       '.* remove a.parts/000000000.json to 000000001.json; if'
                       ' not, the same command goes on'):
        main(['online.py', 'a.json'])
    main(['online.py', 'a.json'])
    assert len(RegionLabels('a.json').images) == 3


def test_two_images_of_one_id(main, online, monkeypatch):
    """A training could not tell them apart. The teacher is not run."""
    monkeypatch.setattr(RegionLabeller, 'label', killed)
    change_pair(5, img_id='id0')
    with pytest.raises(SystemExit, match='train_dataloader.dataset, whose '
                       "labels .*: img_ids appear twice: 'id0'"):
        main(['online.py', 'a.json'])
