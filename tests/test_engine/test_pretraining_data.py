"""Trainings on images with captions, as configs describe them."""
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from nano_pretraining import build_pretrainer, pretrainer_model
from pair_data import encoded, pair, tar_of, write_lines, write_shards
from toy_pairs import TOY_PIPELINE, toy
from toy_training import die_in_step, differences, final, train

ROOT = Path(__file__).parents[2]


@pytest.fixture
def pattern(tmp_path):
    """Four shards of six pairs; one image and one caption are bad."""
    folder = tmp_path / 'shards'
    folder.mkdir()
    write_shards(folder)
    (folder / 's4.tar').write_bytes(tar_of([
        *pair('x', image=encoded(size=(64, 64))[:-400]), *pair('y', ' '),
        *pair('z')]))
    return f'{folder}/*.tar'


@pytest.mark.parametrize('workers, processes', [(0, 1), (2, 1), (2, 2)])
def test_killed_and_resumed(workers, processes, pattern, tmp_path):
    whole = toy(tmp_path / 'whole', pattern, workers)
    printed = train(whole, processes=processes)
    cfg = toy(tmp_path / 'killed', pattern, workers)
    train(cfg, die_in_step, processes=processes)
    cfg.resume = True
    resumed = train(cfg, processes=processes)
    assert differences(final(whole), final(cfg)) == []
    account = final(whole)['skipped_data']
    assert account['counts']['unreadable_images'] >= 2
    # named once, before or after the interruption
    assert 'Skipped, unreadable images: s4.tar, x: ' in printed
    assert 'images without caption: s4.tar, y: it is blank' in printed
    for text in (printed, resumed):
        last = text.partition('Skipped in 24 iterations: ')[2]
        assert 'unreadable images: s4.tar, x: ' in last
    before = resumed.partition('Skipped before the interruption: ')[2]
    assert 'The first: ' in before.partition('\n')[0]
    assert 'skipped: ' in printed


def test_other_processes_than_before(pattern, tmp_path):
    cfg = toy(tmp_path / 'work', pattern)
    train(cfg, die_in_step)
    cfg.resume = True
    printed = train(cfg, processes=2)
    assert ('The run read its data with 1 processes x 1 readers, 5 shards'
            in printed)
    assert 'now there are 2 processes x 1 readers' in printed


def test_from_lines_to_shards(pattern, tmp_path):
    """The data of the checkpoint was of the other kind."""
    sampler = dict(_delete_=True, type='InfiniteSampler')
    lines = dict(sampler=sampler, dataset=dict(
        _delete_=True, type='ImageTextPairs', ann_file=write_lines(tmp_path),
        data_prefix=dict(img=str(tmp_path)), pipeline=TOY_PIPELINE))
    cfg = toy(tmp_path / 'work', pattern, train_dataloader=lines)
    train(cfg, die_in_step)
    other = toy(tmp_path / 'work', pattern, resume=True)
    assert ('The run read its data by index, now it does as a stream'
            in train(other))


@pytest.mark.parametrize('changes, message', [
    (dict(train_dataloader=dict(num_workers=6)),
     'dataset.shards are 5, fewer than their 6 readers'),
    (dict(train_cfg=dict(_delete_=True, max_epochs=2,
                         type='ResumableEpochBasedTrainLoop')),
     "but ImageTextShards has no end: set train_cfg=dict(type='ResumableIter"),
    (dict(train_dataloader=dict(sampler=dict(_delete_=True,
                                             type='InfiniteSampler'))),
     'expected unspecified sampler option'),
])
def test_refused_before_the_first_iteration(changes, message, pattern,
                                            tmp_path):
    printed = train(toy(tmp_path / 'work', pattern, **changes), fails=True)
    assert message in printed
    assert 'Iter(train)' not in printed


def test_the_batch_is_known(pattern, tmp_path):
    cfg = toy(tmp_path / 'work', pattern,
              auto_scale_lr=dict(base_batch_size=96, enable=True))
    assert 'This run has 2 images per step' in train(cfg)


def test_skipped_in_a_loop_that_does_not_say(pattern, tmp_path):
    cfg = toy(tmp_path / 'work', pattern)
    cfg.train_cfg.type = 'IterBasedTrainLoop'
    assert ("train_cfg.type='IterBasedTrainLoop' does not tell what data is "
            "skipped: use 'ResumableIterBasedTrainLoop'") in train(cfg)


def pretraining(tmp_path, dataset, sampler):
    """Two iterations of a nano pretrainer, on two images each."""
    model = pretrainer_model()
    pretrainer = build_pretrainer(pretrainer_model())
    torch.save(dict(state_dict=pretrainer.teacher.state_dict()),
               tmp_path / 'teacher.pth')
    torch.save(dict(state_dict=pretrainer.state_dict()),
               tmp_path / 'student.pth')
    model.teacher.init_cfg = dict(
        type='Pretrained', checkpoint=str(tmp_path / 'teacher.pth'))
    for part, name in ((model, 'words'), (model.teacher, 'words')):
        cfg = part.roi_head.bbox_head.cls_predictor_cfg
        cfg.vocabulary.save(tmp_path / f'{name}.pth')
        cfg.vocabulary = dict(type='VocabularyFile',
                              path=str(tmp_path / f'{name}.pth'))
    cfg = toy(tmp_path / 'work', '')
    cfg.model, cfg.load_from = model, str(tmp_path / 'student.pth')
    cfg.train_cfg.max_iters = 2
    cfg.custom_hooks = [dict(type='VocabularyCheckHook')]
    fragment = Config.fromfile(
        ROOT / 'configs/_base_/datasets/pair_pipeline.py').pair_pipeline
    fragment[2].scales = [(128, 64)]
    cfg.train_dataloader = dict(batch_size=2, num_workers=0, sampler=sampler,
                                dataset=dict(dataset, pipeline=fragment))
    return cfg


def big_pairs(folder):
    images = [encoded(k, (96, 64)) for k in range(4)]
    (folder / 'a.tar').write_bytes(tar_of(
        [member for k, image in enumerate(images)
         for member in pair(f'{k}', image=image)]))
    path = write_lines(folder, images=4)
    for k, image in enumerate(images):
        (folder / f'{k}.jpg').write_bytes(image)
    return path


@pytest.mark.parametrize('kind', ['lines', 'shards'])
def test_pretraining(kind, tmp_path):
    lines = big_pairs(tmp_path)
    cfg = pretraining(tmp_path, *(
        (dict(type='ImageTextShards', shards=f'{tmp_path}/a.tar'), None)
        if kind == 'shards' else
        (dict(type='ImageTextPairs', ann_file=lines,
              data_prefix=dict(img=str(tmp_path))),
         dict(type='InfiniteSampler'))))
    printed = train(cfg)
    for loss in ('loss_region_distill', 'loss_concept_contrastive',
                 'loss_img_txt_level'):
        assert f'{loss}: ' in printed
    assert 'skipped' not in printed
    assert not any('teacher' in key for key in final(cfg)['state_dict'])
