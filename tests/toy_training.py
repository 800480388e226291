"""A training of milliseconds, in a process that can be killed."""
import os
import random
import signal
import sys
import time
from functools import partial
from pathlib import Path
from typing import Callable, Optional

import numpy as np
import torch
from mmengine.config import Config, config
from mmengine.evaluator import BaseMetric
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.runner import Runner, runner
from torch import nn
from torch.utils.data import Dataset

from mmdet.registry import DATASETS, HOOKS, METRICS, MODELS
from regionclip_mm import engine  # noqa: F401
from regionclip_mm.io.files import load_plain_file

STEPS = 24
STARTED = 'started'


@DATASETS.register_module(force=True)
class ToyImages(Dataset):
    """Vectors in place of images, with noise from all generators."""
    METAINFO = metainfo = dict(classes=('a', ))

    def __init__(self, length=18, noise=1.0):
        self.length, self.noise = length, noise

    def __len__(self):
        return self.length

    def get_data_info(self, index):
        return dict(width=1 + index % 3, height=2)

    def __getitem__(self, index):
        noise = random.random() + np.random.rand() + torch.rand(4)
        inputs = torch.full((4, ), index / self.length) + self.noise * noise
        return dict(inputs=inputs, data_samples=float(index))


@MODELS.register_module(force=True)
class ToyDetector(BaseModel):
    """Learns the index of an image, with dropout."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5),
            nn.Linear(8, 1))

    def forward(self, inputs, data_samples=None, mode='tensor'):
        scores = self.layers(torch.stack(inputs))[:, 0]
        if mode != 'loss':
            return [dict(score=score) for score in scores]
        target = torch.as_tensor(data_samples, device=scores.device)
        noise = random.random() + np.random.rand()
        return dict(loss_toy=(scores.float() - target.float() / 18).square()
                    .mean() * (1 + noise))


@METRICS.register_module(force=True)
class ToyMetric(BaseMetric):
    default_prefix = 'toy'

    def process(self, data_batch, data_samples):
        self.results += [sample['score'].item() for sample in data_samples]

    def compute_metrics(self, results):
        return dict(mAP=float(np.mean(results)))


@HOOKS.register_module(force=True)
class ToyPause(Hook):
    """Says that training began, and makes each step take a while."""

    def __init__(self, seconds=0.0):
        self.seconds = seconds

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        (Path(runner.work_dir) / STARTED).touch()
        time.sleep(self.seconds)


def die_in_step(step: int = 17) -> None:
    """All processes kill themselves in that step; checkpoints are at 16."""
    original = ToyPause.before_train_iter

    def before_train_iter(self, runner, *args, **kwargs):
        original(self, runner, *args, **kwargs)
        if runner.iter == step:
            os.kill(os.getpid(), signal.SIGKILL)
    ToyPause.before_train_iter = before_train_iter


def toy_config(work_dir, epochs=False, accumulate=1, pause=0.0, **changes):
    """Config of a training over STEPS iterations or 4 epochs of 6."""
    loop = (dict(type='ResumableEpochBasedTrainLoop', max_epochs=4)
            if epochs else dict(type='ResumableIterBasedTrainLoop',
                                max_iters=STEPS, val_interval=6))
    loader = dict(batch_size=3, num_workers=0,
                  dataset=dict(type='ToyImages'))
    cfg = dict(
        default_scope='mmdet', work_dir=str(work_dir),
        model=dict(type='ToyDetector'), train_cfg=loop,
        train_dataloader=dict(**loader, sampler=dict(
            type='DefaultSampler' if epochs else 'InfiniteSampler')),
        val_dataloader=dict(**loader, sampler=dict(
            type='DefaultSampler', shuffle=False)),
        val_evaluator=dict(type='ToyMetric'), val_cfg=dict(type='ValLoop'),
        optim_wrapper=dict(
            accumulative_counts=accumulate,
            optimizer=dict(type='SGD', lr=0.05, momentum=0.9)),
        param_scheduler=[
            dict(type='LinearLR', start_factor=0.1, end=5, by_epoch=False),
            dict(type='MultiStepLR', milestones=[12], by_epoch=False)],
        default_hooks=dict(
            resume_state=dict(type='ResumeStateHook'),
            invalid_loss=dict(type='InvalidLossHook'),
            batch_size=dict(type='BatchSizeHook'),
            logger=dict(type='LoggerHook', interval=1),
            checkpoint=dict(type='AtomicCheckpointHook', interval=1 + epochs,
                            by_epoch=epochs, max_keep_ckpts=2),
            missed_validation=dict(type='MissedValidationHook')),
        custom_hooks=[
            dict(type='EMAHook'), dict(type='ToyPause', seconds=pause)],
        env_cfg=dict(dist_cfg=dict(backend='gloo')),
        log_processor=dict(by_epoch=epochs), randomness=dict(seed=3),
        log_level='INFO')
    cfg['default_hooks']['checkpoint'].update(
        interval=1 if epochs else 4)
    cfg = Config(cfg)
    cfg.merge_from_dict(changes)
    return cfg


def start(job: Callable[[], None], log: Path) -> int:
    """Run `job` in a forked process; its id. Imports cost nothing there."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        with open(log, 'a') as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        sys.stdout, sys.stderr = open(1, 'w'), open(2, 'w')
        torch.set_num_threads(1)
        job()
        code = 0
    except BaseException:
        import traceback
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def train(cfg: Config, patch: Optional[Callable[[], None]] = None,
          seconds: Optional[float] = None, processes: int = 1,
          fails: bool = False) -> str:
    """Train in a process of its own; what it printed.

    Args:
        cfg: Of the run.
        patch: Called in the new process.
        seconds: Kill it that long after training began.
        processes: If more than one, they work together over gloo.
        fails: All processes are expected to end with an error.
    """
    folder = Path(cfg.work_dir)
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / 'printed.txt'
    log.write_text('')
    (folder / STARTED).unlink(missing_ok=True)
    (folder / 'store').unlink(missing_ok=True)
    pids = [start(partial(_run, cfg, patch, rank, processes), log)
            for rank in range(processes)]
    if seconds is not None:
        while not (folder / STARTED).exists() and not os.waitid(
                os.P_PID, pids[0], os.WEXITED | os.WNOHANG | os.WNOWAIT):
            time.sleep(0.002)
        time.sleep(seconds)
        os.kill(pids[0], signal.SIGKILL)
    status = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
    printed = log.read_text()
    expected = {1} if fails else {0, -signal.SIGKILL}
    assert set(status) <= expected, printed[-3000:]
    return printed


def _run(cfg: Config, patch: Optional[Callable[[], None]], rank: int,
         processes: int) -> None:
    # slow, and nobody reads here what they find out
    Runner._log_env = lambda *_: None
    runner.get_git_hash = lambda *_: ''
    config.FormatCode = lambda text, **_: (text, False)
    if processes > 1:  # mmengine would ask for a GPU
        torch.distributed.init_process_group(
            'gloo', f'file://{cfg.work_dir}/store', rank=rank,
            world_size=processes)
        os.environ['LOCAL_RANK'] = str(rank)
        cfg.launcher = 'pytorch'
        cfg.model_wrapper_cfg = dict(
            type='MMDistributedDataParallel', device_ids=None)
    if patch:
        patch()
    Runner.from_cfg(cfg).train()


def final(cfg: Config) -> dict:
    """The last checkpoint's content."""
    path = (Path(cfg.work_dir) / 'last_checkpoint').read_text()
    return load_plain_file(path)


def differences(first, second, path='') -> list:
    """Where two checkpoints differ in a bit, apart from times and paths."""
    if type(first).__name__ == 'HistoryBuffer':
        first, second = first.data, second.data
    if isinstance(first, dict) and isinstance(second, dict):
        skip = {'cfg', 'time', 'experiment_name', 'train/time', 'val/time',
                'train/data_time', 'val/data_time', 'last_ckpt', 'best_ckpt',
                'train/memory', 'mmengine_version'}
        keys = (set(first) | set(second)) - skip
        return [x for key in sorted(keys, key=str) for x in differences(
            first.get(key), second.get(key), f'{path}/{key}')]
    if isinstance(first, (list, tuple)) and not (
            first and isinstance(first[0], (int, float))):
        return [path] * (len(first) != len(second)) + [
            x for i, (a, b) in enumerate(zip(first, second))
            for x in differences(a, b, f'{path}/{i}')]
    if isinstance(first, (torch.Tensor, np.ndarray)):
        first, second = np.asarray(first), np.asarray(second)
        return [] if np.array_equal(first, second) else [path]
    return [] if first == second else [path]
