"""A detector's training that is killed ends as if it had not been."""
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from nano import ROOT
from nano_training import training_config
from toy_training import STARTED, differences, final, train

from regionclip_mm.io.files import load_plain_file

STEPS = 12
PAUSE = 0.02


def config(folder, name):
    """Shuffled pictures, flips and drawn regions: chance in every step."""
    cfg = training_config(
        folder, steps=STEPS, train_dataloader=dict(
            sampler=dict(_delete_=True, type='InfiniteSampler')),
        model=dict(train_cfg=dict(rcnn=dict(sampler=dict(num=16)))),
        custom_hooks=[dict(type='ToyPause', seconds=PAUSE)])
    cfg.train_dataloader.dataset.pipeline.insert(
        3, dict(type='RandomFlip', prob=0.5))
    cfg.custom_imports.imports.append('toy_training')
    cfg.work_dir = str(folder / name)
    return cfg


@pytest.fixture
def whole(tmp_path):
    cfg = config(tmp_path, 'whole')
    train(cfg)
    return final(cfg)


def test_killed_twice_at_random(whole, tmp_path):
    seed = random.randrange(10**6)
    print('seed', seed)
    rng = random.Random(seed)
    cfg = config(tmp_path, 'killed')
    for _ in range(2):
        train(cfg, seconds=rng.uniform(0, STEPS * 3 * PAUSE))
        cfg.resume = True
    train(cfg)
    assert differences(whole, final(cfg)) == []


def test_chance_is_in_it(whole, tmp_path):
    """With another seed the comparison finds differences."""
    cfg = config(tmp_path, 'other')
    cfg.randomness = dict(seed=1)
    train(cfg)
    assert any('state_dict' in name for name in differences(
        whole, final(cfg)))


@pytest.mark.slow
def test_killed_ten_times_from_the_command_line(whole, tmp_path):
    """tools/train.py, kill -9, tools/train.py --resume."""
    seed = random.randrange(10**6)
    print('seed', seed)
    rng = random.Random(seed)
    cfg = config(tmp_path, 'killed')
    cfg.dump(tmp_path / 'config.py')
    work = Path(cfg.work_dir)
    for _ in range(10):
        run(tmp_path, work, rng.uniform(0, STEPS * 3 * PAUSE))
        for path in work.glob('*.pth'):
            load_plain_file(path)
    assert run(tmp_path, work, None) == 0
    assert differences(whole, final(cfg)) == []


def run(folder, work, seconds):
    """Train, killed that long after training began; the exit status."""
    (work / STARTED).unlink(missing_ok=True)
    process = subprocess.Popen(
        [sys.executable, str(ROOT / 'tools/train.py'),
         str(folder / 'config.py'), '--resume', '--work-dir', str(work)],
        env=dict(os.environ, OMP_NUM_THREADS='1',
                 PYTHONPATH=str(ROOT / 'tests')),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if seconds is not None:
        while not (work / STARTED).exists() and process.poll() is None:
            time.sleep(0.01)
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
    return process.wait()
