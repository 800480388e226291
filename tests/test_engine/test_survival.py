"""Trainings that are killed end as if they had not been."""
import os
import random
import signal
from functools import partial
from pathlib import Path

import pytest
import torch
from mmengine.optim.optimizer import amp_optimizer_wrapper as amp_wrapper
from mmengine.runner import amp
from older_torch import needs_scaler
from toy_training import (STEPS, die_in_step, differences, final, toy_config,
                          train)

from regionclip_mm.engine import AtomicCheckpointHook
from regionclip_mm.engine.latest_checkpoint import find_latest_loadable
from regionclip_mm.io.files import load_plain_file


def die_at(function, call):
    """The process kills itself at that call of a function of `os`."""
    def patch():
        original, calls = getattr(os, function), []

        def counted(*args, **kwargs):
            calls.append(args)
            if len(calls) == call:
                os.kill(os.getpid(), signal.SIGKILL)
            return original(*args, **kwargs)
        setattr(os, function, counted)
    return patch


def loads_everything(cfg):
    """Each file with a checkpoint's name is a checkpoint."""
    files = list(Path(cfg.work_dir).glob('*.pth'))
    for path in files:
        load_plain_file(path)
    return files


@pytest.fixture(scope='module')
def undisturbed(tmp_path_factory):
    """Final checkpoint of a run without interruption, once for each kind."""
    known = {}

    def get(processes=1, patch=None, **kinds):
        key = str((processes, patch, kinds))
        if key not in known:
            cfg = toy_config(tmp_path_factory.mktemp('whole'), **kinds)
            train(cfg, patch, processes=processes)
            known[key] = final(cfg)
        return known[key]
    return get


def kill_and_resume(cfg, kills, rng):
    for _ in range(kills):
        train(cfg, seconds=rng.uniform(0, STEPS * cfg.custom_hooks[1].seconds))
        files = loads_everything(cfg)
        cfg.resume = True
        if files:
            template = 'epoch_{}.pth' if 'Epoch' in cfg.train_cfg.type else (
                'iter_{}.pth')
            assert find_latest_loadable(Path(cfg.work_dir), template, None)
    return train(cfg)


@pytest.mark.parametrize('epochs', [False, True])
def test_killed_at_random(epochs, undisturbed, tmp_path):
    seed = random.randrange(10**6)
    print('seed', seed)
    cfg = toy_config(tmp_path, epochs, pause=0.01)
    kill_and_resume(cfg, 2, random.Random(seed))
    assert differences(undisturbed(epochs=epochs), final(cfg)) == []


@pytest.mark.slow
@pytest.mark.parametrize('kinds', [
    dict(), dict(epochs=True), dict(accumulate=5),
    dict(train_dataloader=dict(num_workers=2, persistent_workers=True))
], ids=str)
def test_killed_ten_times(kinds, undisturbed, tmp_path):
    seed = random.randrange(10**6)
    print('seed', seed)
    cfg = toy_config(tmp_path, pause=0.02, **kinds)
    kill_and_resume(cfg, 10, random.Random(seed))
    assert differences(undisturbed(**kinds), final(cfg)) == []


ONE = dict(default_hooks=dict(checkpoint=dict(max_keep_ckpts=1)))
AT_WRITING = {
    'before the first file is complete': ('fsync', 1, dict()),
    'before the file has its name': ('replace', 3, ONE),
    'before the pointer is moved': ('replace', 4, ONE),
    'between writing and validating': ('unlink', 5, dict()),
    'before the old file is removed': ('unlink', 7, dict()),
    'amid accumulation': ('replace', 3, dict(accumulate=5)),
}


@pytest.mark.parametrize('moment', AT_WRITING)
def test_killed_while_writing(moment, undisturbed, tmp_path):
    function, call, kinds = AT_WRITING[moment]
    cfg = toy_config(tmp_path, **kinds)
    train(cfg, die_at(function, call))
    assert bool(loads_everything(cfg)) != ('first' in moment)
    left = list(tmp_path.glob('*.tmp'))
    cfg.resume = True
    printed = train(cfg)
    for path in left:
        assert f'Skipping {path}, which is half-written' in printed
    assert not list(tmp_path.glob('*.tmp'))
    assert differences(undisturbed(**kinds), final(cfg)) == []


def die_before_the_last_removal():
    """Iteration 20 is saved, and an older checkpoint is still there."""
    original = AtomicCheckpointHook._remove_old

    def remove_old(self):
        if self._kept and self._kept[-1] == 20:
            os.kill(os.getpid(), signal.SIGKILL)
        original(self)
    AtomicCheckpointHook._remove_old = remove_old


def test_what_was_to_be_removed_goes_later(undisturbed, tmp_path):
    cfg = toy_config(tmp_path)
    train(cfg, die_before_the_last_removal)
    assert len(list(tmp_path.glob('iter_*.pth'))) == 3
    cfg.resume = True
    train(cfg)
    assert len(list(tmp_path.glob('iter_*.pth'))) == 2
    assert differences(undisturbed(), final(cfg)) == []


@pytest.mark.parametrize('kinds', [
    dict(accumulate=5),
    dict(epochs=True, accumulate=4),
    dict(train_dataloader=dict(num_workers=2, persistent_workers=True)),
    dict(epochs=True, train_dataloader=dict(
        num_workers=2, persistent_workers=True,
        batch_sampler=dict(type='AspectRatioBatchSampler'))),
    dict(train_dataloader=dict(
        batch_sampler=dict(type='AspectRatioBatchSampler'))),
    dict(train_dataloader=dict(sampler=dict(type='DefaultSampler'))),
    dict(epochs=True, default_hooks=dict(
        checkpoint=dict(by_epoch=False, interval=4))),
], ids=str)
def test_every_way_of_loading(kinds, undisturbed, tmp_path):
    """Killed in a step, neither after a save nor at an epoch's end."""
    cfg = toy_config(tmp_path, **kinds)
    train(cfg, die_in_step)
    cfg.resume = True
    printed = train(cfg)
    assert 'Resuming from' in printed
    assert differences(undisturbed(**kinds), final(cfg)) == []


def test_without_the_hook_it_is_another_training(undisturbed, tmp_path):
    """The comparison would notice."""
    cfg = toy_config(tmp_path)
    train(cfg, die_at('replace', 5))
    cfg.resume = True
    cfg.default_hooks.pop('resume_state')
    train(cfg)
    assert any('state_dict' in name for name in differences(
        undisturbed(), final(cfg)))


def test_mmengines_hook_saves_no_random_state_and_says_so(tmp_path):
    cfg = toy_config(tmp_path)
    cfg.default_hooks.checkpoint = dict(type='CheckpointHook', interval=24,
                                        by_epoch=False)
    assert 'Checkpoints will have no random state' in train(cfg)
    cfg.resume = True
    cfg.train_cfg.max_iters = 25
    assert 'without the ResumeStateHook or the AtomicCheckpointHook' in train(
        cfg)


def test_damaged_files_are_left_out(undisturbed, tmp_path):
    cfg = toy_config(tmp_path)
    train(cfg, die_at('replace', 9))  # the fifth file
    newest = tmp_path / 'iter_16.pth'
    newest.write_bytes(newest.read_bytes()[:-1000])
    cfg.resume = True
    printed = train(cfg)
    assert f'Skipping {newest}, which is half-written or damaged' in printed
    assert f'Resuming from {tmp_path / "iter_12.pth"}' in printed
    assert differences(undisturbed(), final(cfg)) == []


@pytest.mark.parametrize('kinds', [dict(), dict(accumulate=5)], ids=str)
def test_two_processes(kinds, undisturbed, tmp_path):
    kinds = dict(kinds, randomness=dict(diff_rank_seed=True))
    cfg = toy_config(tmp_path, **kinds)
    train(cfg, die_in_step, processes=2)
    cfg.resume = True
    assert 'Resuming from' in train(cfg, processes=2)
    whole = undisturbed(processes=2, **kinds)
    assert differences(whole, final(cfg)) == []
    first, second = whole['resume_state']['random']
    assert first['python'] != second['python']


def test_another_number_of_processes(tmp_path):
    cfg = toy_config(tmp_path)
    train(cfg, die_in_step)
    cfg.resume = True
    printed = train(cfg, processes=2)
    assert 'The run had 1 processes, now it has 2' in printed


def amp_without_a_gpu():
    """mmengine's wrapper, with the CPU's autocast and scaler."""
    amp_wrapper.is_cuda_available = lambda: True
    amp_wrapper.GradScaler = partial(torch.amp.GradScaler, 'cpu')
    amp.autocast = lambda dtype: torch.autocast('cpu', dtype=dtype)


def amp_and_die():
    amp_without_a_gpu()
    die_in_step()


@needs_scaler
@pytest.mark.parametrize('dtype', ['bfloat16', 'float16'])
@pytest.mark.parametrize('clip', [True, False])
def test_mixed_precision(dtype, clip, undisturbed, tmp_path):
    clipping = dict(constructor='ClipEachConstructor',
                    clip_grad=dict(max_norm=0.01))
    kinds = dict(optim_wrapper=dict(
        type='AmpOptimWrapper', dtype=dtype, **clipping if clip else {},
        loss_scale=dict(init_scale=2.**20, growth_interval=3)))
    cfg = toy_config(tmp_path, accumulate=2, **kinds)
    train(cfg, amp_and_die)
    cfg.resume = True
    assert 'Resuming from' in train(cfg, amp_without_a_gpu)
    whole = undisturbed(patch=amp_without_a_gpu, accumulate=2, **kinds)
    assert differences(whole, final(cfg)) == []
    assert whole['optimizer']['loss_scaler']['scale'] != 2.**20
