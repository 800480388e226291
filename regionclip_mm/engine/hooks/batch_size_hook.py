"""Says how the learning rate fits the batch."""
import logging
from typing import Optional

from mmengine.dist import get_world_size
from mmengine.hooks import Hook
from mmengine.runner import IterBasedTrainLoop, Runner

from mmdet.registry import HOOKS


@HOOKS.register_module()
class BatchSizeHook(Hook):
    """Compares the batch with that of the recipe, before iteration 0.

    The batch is processes x images per process x accumulated iterations, that
    of the recipe ``auto_scale_lr.base_batch_size``. Where they differ, one
    line tells how mmengine scaled the learning rate or which flag would, and
    another one that schedules of iterations are not scaled.

    Args:
        schedule_images: Images per step for which the iterations are meant,
            if others than the learning rate is; None: the same.
    """

    def __init__(self, schedule_images: Optional[int] = None) -> None:
        self.schedule_images = schedule_images

    def before_train(self, runner: Runner) -> None:
        """Say it, if there is something to say."""
        setting = runner.auto_scale_lr or {}
        base = setting.get('base_batch_size')
        sampler = runner.train_dataloader.batch_sampler
        if base is None or getattr(sampler, 'batch_size', None) is None:
            return
        counts = (get_world_size(), sampler.batch_size, getattr(
            runner.optim_wrapper, '_accumulative_counts', 1))
        line = describe_scale(base, *counts, setting.get('enable', False),
                              resumed=runner.iter > 0)
        if isinstance(runner.train_loop, IterBasedTrainLoop):
            line += describe_schedule(self.schedule_images or base, *counts)
        if line:
            runner.logger.log(logging.WARNING, line.strip())


def describe_scale(base: int, processes: int, images: int, accumulated: int,
                   enabled: bool, resumed: bool = False) -> str:
    """One line; empty where the rate is right.

    Args:
        base: Images per step of the recipe.
        processes: GPUs.
        images: Images per GPU and iteration.
        accumulated: Iterations per step.
        enabled: Whether mmengine scales, which does not count accumulation.
        resumed: The rate is that of the checkpoint, scaled or not.
    """
    real = processes * images * accumulated
    scaled = processes * images / base if enabled else 1
    batch = (f'{real} images per step ({processes} GPU x {images} images x '
             f'{accumulated} accumulated), the recipe {base}')
    if resumed and real != base:
        return (f'This run has {batch}. It was resumed with the learning rate '
                'of the checkpoint, which auto_scale_lr does not change.')
    if scaled == real / base:
        return '' if scaled == 1 else (
            f'This run has {batch}: the learning rate was multiplied by '
            f'{scaled:g} (auto_scale_lr).')
    if enabled:
        return (f'This run has {batch}: auto_scale_lr multiplied the learning '
                f'rate by {scaled:g} and does not count accumulation; '
                f'multiply optim_wrapper.optimizer.lr by {accumulated}.')
    if accumulated > 1:
        return (f'This run has {batch}: the learning rate was not scaled; '
                f'multiply optim_wrapper.optimizer.lr by {real / base:g}.')
    return (f'This run has {batch}: the learning rate was not scaled; '
            f'--auto-scale-lr multiplies it by {real / base:g}.')


def describe_schedule(base: int, processes: int, images: int,
                      accumulated: int) -> str:
    """What to do about a schedule that counts iterations; empty if nothing.

    Args: see :func:`describe_scale`.
    """
    times = base / (processes * images)
    if times == 1:
        return ''
    return (f' Iterations are meant for {base} images per step: to see as '
            'many images as the recipe, multiply train_cfg.max_iters and the '
            'milestones, begin and end of param_scheduler by '
            f'{times:g}.')
