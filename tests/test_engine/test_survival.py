"""Trainings that are killed end as if they had not been."""
import os
import random
import signal
from pathlib import Path

import pytest
import torch
from toy_training import STEPS, differences, final, toy_config, train

from regionclip_mm.engine.latest_checkpoint import find_latest_loadable


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
        torch.load(path, weights_only=True)
    return files


@pytest.fixture(scope='module')
def undisturbed(tmp_path_factory):
    """Final checkpoint of a run without interruption, once for each kind."""
    known = {}

    def get(**kinds):
        key = str(kinds)
        if key not in known:
            cfg = toy_config(tmp_path_factory.mktemp('whole'), **kinds)
            train(cfg)
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
