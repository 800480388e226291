"""tools/label_regions.py, and an offline training with what it wrote."""
import json
import runpy
from pathlib import Path

import cv2
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.runner import load_checkpoint
from nano import make_image, make_vocabulary
from nano_pretraining import CONCEPTS, build_pretrainer, pretrainer_model
from region_label_files import write_labels

from mmdet.datasets import CocoDataset
from mmdet.registry import DATASETS, MODELS
from regionclip_mm.apis import label_parts, region_labelling
from regionclip_mm.apis.offline_config import offline_config
from regionclip_mm.apis.region_labelling import RegionLabeller
from regionclip_mm.io.region_label_reader import RegionLabels

ROOT = Path(__file__).parents[2]
LOSSES = ('loss_region_distill', 'loss_concept_contrastive',
          'loss_img_txt_level')
STEPS = [dict(type='LoadEncodedImage'),
         dict(type='Resize', scale=(96, 96), keep_ratio=True)]
META = ('img_id', 'img_path', 'img_shape', 'ori_shape', 'scale_factor',
        'text')


@pytest.fixture(scope='module')
def main():
    return runpy.run_path(str(ROOT / 'tools/label_regions.py'))['main']


@pytest.fixture
def online(tmp_path, monkeypatch):
    """Config file of an online training on seven images, one of them bad."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(label_parts, 'PART', 3)
    data = []
    for number in range(7):
        size = 60 + 5 * number, 80
        path = tmp_path / f'images/{number}.png'
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(cv2.imencode('.png', make_image(*size, number))[1])
        data.append(dict(img_id=f'id{number}', img_path=path.name,
                         text=f'a cat {number}', texts=['a cat', 'a dog']))
    (tmp_path / 'images/4.png').write_bytes(b'no image')
    (tmp_path / 'pairs.json').write_text(json.dumps(
        dict(metainfo={}, data_list=data)))
    make_vocabulary(CONCEPTS).save('pool.pth')
    model = pretrainer_model()
    pool = dict(type='VocabularyFile', path='pool.pth')
    for part in (model, model.teacher):
        part.roi_head.bbox_head.cls_predictor_cfg.vocabulary = pool
    pretrainer = build_pretrainer()
    torch.save(dict(state_dict=pretrainer.state_dict()), 'student.pth')
    torch.save(dict(state_dict=pretrainer.teacher.state_dict()),
               'teacher.pth')
    model.teacher.init_cfg = dict(type='Pretrained', checkpoint='teacher.pth')
    pack = dict(type='PackDetInputs', meta_keys=META)
    Config(dict(
        model=model, load_from='student.pth', label_pipeline=[*STEPS, pack],
        custom_imports=dict(imports=['regionclip_mm.models',
                                     'regionclip_mm.datasets']),
        train_dataloader=dict(batch_size=2, num_workers=0, dataset=dict(
            type='BaseDetDataset', ann_file='pairs.json',
            data_root=str(tmp_path), data_prefix=dict(img_path='images'),
            pipeline=[*STEPS, pack])))).dump('online.py')
    return tmp_path


def read(name):
    return [Path(f'{name}.{kind}').read_bytes()
            for kind in ('json', 'npy', 'index.jsonl')]


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


@pytest.mark.parametrize('source', ['GridProposals', 'RandomProposals'])
def test_parts_and_interruptions_change_nothing(source, main, online,
                                                monkeypatch):
    def label(*args):
        main(['online.py', *args, '--cfg-options',
              f'model.proposal_source.type={source}'])

    label('a.json')
    whole = read('a')
    with monkeypatch.context() as patch:
        patch.setattr(RegionLabeller, '_merge', killed)
        with pytest.raises(SystemExit):
            label('b.json')
    Path('b.parts/000000003.json').unlink()  # half of a pair remains
    seen = []
    method = RegionLabeller.label
    monkeypatch.setattr(RegionLabeller, 'label', lambda self, batch: (
        seen.append(len(batch)), method(self, batch))[1])
    label('b.json')
    assert seen == [1, 1] and read('b') == whole
    for part in ('1/2', '0/2'):
        label('c.json', '--part', part)
        assert not Path('c.json').exists()
    seen.clear()
    label('c.json')
    label('c.json')  # nothing is left to do
    assert not seen and read('c') == whole


def killed(*args):
    raise KeyboardInterrupt


@pytest.mark.parametrize('options, message', [
    (['--top-k', '2'], r'top_k \(5 there, 2 here\)'),
    (['--cfg-options', 'model.proposal_source.min_side=20.'],
     r'model.proposal_source.min_side \(nothing there, 20.0 here\)'),
])
def test_changed_settings(main, online, options, message):
    main(['online.py', 'a.json', '--part', '0/2', '--top-k', '5'])
    with pytest.raises(SystemExit, match='a.parts/000000000.json is of another'
                       f' run, of which differ: {message}.* Give the same'):
        main(['online.py', 'a.json', '--top-k', '5', *options])


def test_settings_that_change_nothing(main, online):
    """The train pipeline, and where files are that have the same contents."""
    main(['online.py', 'a.json', '--part', '0/2'])
    for name in ('pool', 'teacher'):
        Path(f'{name}.pth').rename(f'{name}2.pth')
    vocabulary = 'roi_head.bbox_head.cls_predictor_cfg.vocabulary.path'
    main(['online.py', 'a.json', '--cfg-options',
          f'model.{vocabulary}=pool2.pth',
          f'model.teacher.{vocabulary}=pool2.pth',
          'model.teacher.init_cfg.checkpoint=teacher2.pth',
          'train_dataloader.dataset.pipeline.1.scale=(50,50)'])
    assert len(RegionLabels('a.json').images) == 6


def test_files_of_others(main, online):
    """They are not written over; of earlier versions there is no index."""
    Path('b.json').write_text('{"images": []}')
    with pytest.raises(SystemExit, match='no file b.index.jsonl, which belongs'
                       ' to b.json: .* earlier version'):
        main(['online.py', 'b.json'])
    Path('a.parts').mkdir()
    write_labels('a.parts/000000000.json')
    with pytest.raises(SystemExit, match='000000000.json is of another run, of'
                       ' which differ: .*nothing there'):
        main(['online.py', 'a.json'])


@pytest.mark.parametrize('options, message', [
    (['a.txt'], 'a.txt should end in .json'),
    (['{shard}.json'], r'with \{shard\} in its name there is a file for each'),
    (['a.json', '--cfg-options', 'label_pipeline='], 'no label_pipeline: set '
     'it to the steps'),
    (['a.json', '--cfg-options', 'model.teacher='], "no model of type "
     "'RegionTextPretrainer' with a teacher"),
    (['a.json', '--cfg-options', 'load_from=no.pth'], 'no.pth'),
])
def test_what_cannot_be_done(main, online, options, message):
    with pytest.raises(SystemExit, match=message):
        main(['online.py', *options])


@pytest.mark.parametrize('steps, message', [
    ([STEPS[1], dict(type='RandomFlip', prob=1.0)], 'is flipped'),
    ([dict(type='RandomCrop', crop_size=(40, 30))],
     'has 40 x 30 pixels instead of 80 x 60'),
    ([STEPS[1], dict(type='RandomCrop', crop_size=(40, 30))],
     'has 40 x 30 pixels instead of 96 x 72'),
    ([dict(type='Pad', size=(100, 100))],
     'has 100 x 100 pixels instead of 80 x 60'),
])
def test_steps_that_move_boxes(main, online, steps, message):
    cfg = Config.fromfile('online.py')
    cfg.label_pipeline[1:2] = steps
    cfg.dump('moved.py')
    with pytest.raises(SystemExit, match=f"image 'id0' {message} after "
                       'label_pipeline, .* only Resize'):
        main(['moved.py', 'a.json'])


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
    data = json.loads(Path('pairs.json').read_text())
    data['data_list'][5]['img_id'] = 'id0'
    Path('pairs.json').write_text(json.dumps(data))
    with pytest.raises(SystemExit, match='train_dataloader.dataset, whose '
                       "labels .*: img_ids appear twice: 'id0'"):
        main(['online.py', 'a.json'])
