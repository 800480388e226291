"""Data that changed between a run and its resumption."""
import json
import shutil

import pytest
from mmengine.dataset import ConcatDataset
from pair_data import PIPELINE, loader_of, same, take, write_lines
from toy_pairs import TOY_PIPELINE, toy
from toy_training import ToyImages, die_in_step, train

from mmdet.datasets import CocoDataset
from mmdet.registry import DATASETS
from regionclip_mm.engine.data import fingerprint as module
from regionclip_mm.engine.data import resumable_loader
from regionclip_mm.engine.data.fingerprint import fingerprint


@pytest.fixture
def logged(monkeypatch):
    """Lines that loaders log."""
    lines = []
    monkeypatch.setattr(resumable_loader, 'print_log',
                        lambda line, *_: lines.append(line))
    return lines


def pairs(folder):
    return DATASETS.build(dict(
        type='ImageTextPairs', ann_file=str(folder / 'pairs.jsonl'),
        data_prefix=dict(img=str(folder)), pipeline=PIPELINE))


def coco(folder, ids, names='{}.jpg'):
    path = folder / 'c.json'
    path.write_text(json.dumps(dict(
        images=[dict(id=i, file_name=names.format(i), width=9, height=9)
                for i in ids],
        annotations=[dict(id=i, image_id=i, category_id=1, area=4, iscrowd=0,
                          bbox=[0, 0, 2, 2]) for i in ids],
        categories=[dict(id=1, name='a')])))
    return CocoDataset(ann_file=str(path), pipeline=[],
                       data_prefix=dict(img=str(folder)),
                       metainfo=dict(classes=('a', )))


def swap(lines):
    lines[2], lines[5] = lines[5], lines[2]


CHANGES = {
    'added': lambda lines: lines.append('{"image": "n", "caption": "a"}'),
    'removed': lambda lines: lines.pop(3), 'swapped': swap,
    'replaced': lambda lines: lines.__setitem__(
        1, '{"image": "n", "caption": "a"}')}


@pytest.mark.parametrize('change', CHANGES)
def test_other_lines(change, tmp_path, logged):
    path = tmp_path / write_lines(tmp_path)
    first = loader_of(pairs(tmp_path), shuffle=True)
    take(first, 3)
    lines = path.read_text().splitlines()
    CHANGES[change](lines)
    path.write_text('\n'.join(lines))
    second = loader_of(pairs(tmp_path))
    second.go_to(**first.position())
    assert logged == [
        f'The run read {first.samples}, now train_dataloader.dataset has '
        f'{second.samples}: others, or in another order. Epoch 0 (counted '
        'from 0) begins anew, with the first of them.']
    assert first.samples.startswith('8 samples ')
    assert second.position() == dict(epoch=0, batch=0, seed=first.position()[
        'seed'], samples=second.samples, images=2)


def test_what_does_not_matter(tmp_path, logged):
    """Other captions of the same images, and another folder."""
    path = tmp_path / write_lines(tmp_path)
    first = loader_of(pairs(tmp_path))
    take(first, 3)
    moved = shutil.copytree(tmp_path, tmp_path / 'moved')
    (moved / path.name).write_text(path.read_text().replace('one', 'two'))
    second = loader_of(pairs(moved))
    second.go_to(**first.position())
    third = loader_of(pairs(tmp_path))
    place = first.position()
    third.go_to(place['epoch'], place['batch'], place['seed'])  # of old files
    assert not logged
    assert same(take(third, 1), take(first, 1))
    assert second.position()['batch'] == 3


def test_an_epoch_that_was_complete(tmp_path, logged):
    """The next one is the one that begins."""
    write_lines(tmp_path)
    first = loader_of(pairs(tmp_path))
    first.go_to(2, 0, 3, '7 samples 00000000')
    assert first.position()['epoch'] == 2 and 'Epoch 2 (' in logged[0]


def test_datasets_of_mmdet(tmp_path):
    found = {key: fingerprint(coco(tmp_path, *args)) for key, args in dict(
        one=([1, 2, 3], ), same=([1, 2, 3], 'x/{}.jpg'),
        order=([3, 2, 1], ), names=([1, 2, 3], '{}.png')).items()}
    assert found['one'] == found['same']
    assert len({*found.values()}) == 3
    two = ConcatDataset([coco(tmp_path, [1, 2]), coco(tmp_path, [3])])
    assert fingerprint(two) == found['one']


def test_datasets_without_names():
    assert fingerprint(ToyImages(5)) == fingerprint(ToyImages(5))
    assert fingerprint(ToyImages(5)) != fingerprint(ToyImages(6))
    assert fingerprint([1] * 7) == '7 samples 00000000'
    assert fingerprint([]) == '0 samples 00000000'


@pytest.mark.parametrize('number, looks', [(10, 10), (11, 6), (1000, 10)])
def test_large_ones_are_looked_at_here_and_there(number, looks, monkeypatch):
    monkeypatch.setattr(module, 'LOOKED_AT', 10)
    seen = []

    class Large(list):

        def get_data_info(self, index):
            seen.append(index)
            return dict(img_id=index)

    fingerprint(Large(range(number)))
    assert len(seen) == looks and seen[0] == 0


def test_a_training_says_so_and_goes_on(tmp_path):
    path = write_lines(tmp_path)
    loader = dict(sampler=dict(_delete_=True, type='InfiniteSampler'),
                  dataset=dict(_delete_=True, type='ImageTextPairs',
                               ann_file=path, pipeline=TOY_PIPELINE,
                               data_prefix=dict(img=str(tmp_path))))
    cfg = toy(tmp_path / 'work', '', train_dataloader=loader)
    train(cfg, die_in_step)
    cfg.resume = True
    with open(path, 'a') as file:
        file.write('\n{"image": "0.jpg", "caption": "b"}'
                   '\n{"image": "./1.jpg", "caption": "b"}')
    printed = train(cfg)
    assert 'The run read 8 samples ' in printed
    assert 'now train_dataloader.dataset has 9 samples ' in printed
    assert ('None of these 16 steps loaded data: the data loader begins'
            in printed.partition('Advance dataloader 16')[2])
