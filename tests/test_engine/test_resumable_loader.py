"""Batches from any place in the data on."""
import time
from itertools import islice

import numpy as np
import pytest
import torch
from mmengine.dataset import DefaultSampler, InfiniteSampler, pseudo_collate
from torch.utils.data import BatchSampler, DataLoader, IterableDataset
from toy_training import ToyImages, toy_config, train

from mmdet.datasets.samplers import AspectRatioBatchSampler
from regionclip_mm.engine.data import (Draw, ResumableDataLoader, load_seeded,
                                       resumable_loader, seeded_samples)
from regionclip_mm.engine.data.fingerprint import fingerprint
from regionclip_mm.engine.random_state import (get_random_state,
                                               set_random_state)
from regionclip_mm.io.files import load_plain_file


def loader_of(sampler_type=DefaultSampler, groups=BatchSampler, workers=0,
              seed=3, size=3, length=20):
    sampler = sampler_type(ToyImages(length), seed=seed)
    return ResumableDataLoader(DataLoader(
        sampler.dataset, batch_sampler=groups(sampler, size, drop_last=False),
        num_workers=workers, persistent_workers=workers > 0,
        collate_fn=pseudo_collate), seed)


def take(loader, count):
    """The first input of each of the next batches, over several passes."""
    batches = []
    while len(batches) < count:
        for batch in loader:
            batches.append(torch.stack(batch['inputs']))
            if len(batches) == count:
                break
    return batches


def same(first, second):
    return len(first) == len(second) and all(map(torch.equal, first, second))


@pytest.mark.parametrize('groups', [BatchSampler, AspectRatioBatchSampler])
@pytest.mark.parametrize('sampler', [DefaultSampler, InfiniteSampler])
@pytest.mark.parametrize('workers', [0, 2])
def test_goes_on_anywhere(sampler, groups, workers):
    whole = take(loader_of(sampler, groups), 18)
    for done in (5, 7, 12) if workers == 0 else (12, ):
        first = loader_of(sampler, groups, workers)
        take(first, done)
        position = first.position()
        second = loader_of(sampler, groups, workers, seed=99)
        second.go_to(**position)
        assert same(take(second, 18 - done), whole[done:])
        assert not same(take(loader_of(sampler, groups), 18 - done),
                        whole[done:])


def test_passes_differ_and_images_have_noise_of_their_own():
    loader = loader_of(size=20)
    first, second = (batch.sort(0).values for batch in take(loader, 2))
    assert not torch.equal(first, second)
    assert len(set(first[:, 0].tolist())) == 20


def test_two_processes_augment_as_one(monkeypatch):
    def batches(rank, world_size, size):
        for module in ('mmengine.dataset.sampler', seeded_samples.__name__):
            monkeypatch.setattr(f'{module}.get_dist_info',
                                lambda: (rank, world_size))
        return take(loader_of(InfiniteSampler, size=size), 10)

    one = batches(0, 1, 2)
    first, second = batches(0, 2, 1), batches(1, 2, 1)
    assert same([torch.cat(pair) for pair in zip(first, second)], one)


def test_loading_leaves_the_process_alone():
    before = get_random_state()
    draws = [Draw(index, 0, 0, index) for index in range(3)]
    assert len(load_seeded(ToyImages(), draws)) == 3
    after = get_random_state()
    assert after['python'] == before['python']
    assert torch.equal(after['numpy'][1], before['numpy'][1])
    assert torch.equal(after['torch'], before['torch'])


def test_random_state_survives_a_file(tmp_path):
    np.random.randn()  # leaves a second number behind
    state = get_random_state()
    torch.save(state, tmp_path / 'state.pth')

    def draw():
        import random
        return (random.random(), random.gauss(0, 1), np.random.randn(),
                np.random.rand(), torch.rand(1).item())
    expected = draw()
    set_random_state(load_plain_file(tmp_path / 'state.pth'))
    assert draw() == expected


def test_nothing_is_loaded_before_it_is_asked_for(monkeypatch):
    loader = loader_of()
    monkeypatch.setattr(ToyImages, '__getitem__', None)
    iter(loader)
    assert loader.position() == dict(epoch=0, batch=0, seed=3, images=3,
                                     samples=fingerprint(loader.dataset))


@pytest.mark.parametrize('dataset, batch_size', [
    (type('Stream', (IterableDataset, ), dict(__iter__=list))(), 2),
    (ToyImages(), None)])
def test_what_cannot_be_skipped_is_refused(dataset, batch_size):
    with pytest.raises(TypeError, match='train_dataloader.*batch_size'):
        ResumableDataLoader(DataLoader(dataset, batch_size), 0)


@pytest.mark.parametrize('size, batch', [(1, 18), (2, 9), (4, 4), (6, 3)])
def test_steps_of_another_size(size, batch, monkeypatch):
    """After the same images, of which a begun batch is not one."""
    said = []
    monkeypatch.setattr(resumable_loader, 'print_log',
                        lambda line, *_: said.append(line))
    first, second = loader_of(size=1), loader_of(size=size)
    take(first, 18)
    second.go_to(**first.position())
    assert second.batch == batch
    assert said == ([] if size == 1 else [
        f'The run had 1 images per step, now it has {size}: it goes on after '
        'as many images. The learning rate is that of the checkpoint.'])
    left = len(list(second))
    assert left == -(-20 // size) - batch > 0
    assert len(list(second)) == -(-20 // size)


@pytest.mark.parametrize('epochs', [False, True])
def test_too_few_images_for_a_batch(epochs, tmp_path):
    cfg = toy_config(tmp_path, epochs, param_scheduler=[],
                     train_dataloader=dict(
                         dataset=dict(length=2), drop_last=True,
                         sampler=dict(type='DefaultSampler')))
    assert ('train_dataloader has no batch: its dataset has 2 images, '
            'batch_size is 3') in train(cfg, fails=True)
    assert list(tmp_path.rglob('*.pth')) == []


def test_skipping_60000_batches_costs_little():
    """Less than a tenth of loading these vectors, let alone images."""
    def seconds(first, count):
        loader = loader_of(InfiniteSampler, size=2, length=10_000)
        loader.go_to(0, first, 0)
        start = time.process_time()
        list(islice(loader, count))
        return time.process_time() - start

    load = seconds(0, 1000) / 1000
    assert seconds(60_000, 1) < 0.1 * 60_000 * load
