"""Reports data that could not be used."""
from typing import Optional

from mmengine.dist import all_gather_object
from mmengine.hooks import Hook
from mmengine.hooks.hook import DATA_BATCH
from mmengine.runner import Runner

from mmdet.registry import HOOKS

from ...io.skipped_data import SHOWN, SkippedData

KEY = 'skipped_data'


@HOOKS.register_module()
class SkippedDataHook(Hook):
    """Says what was skipped: how often, and the first reasons.

    The first five, and the first of each kind, are named in warnings. The sum
    over all processes is in the log, as ``skipped``, and with these reasons
    in the last line of the run; checkpoints carry both, so that a resumed run
    begins with them and counts on. Needs one of the resumable loops.

    Args:
        interval: Iterations from one sum over the processes to the next.
    """

    priority = 'NORMAL'

    def __init__(self, interval: int = 50) -> None:
        self.interval = interval
        self._before = SkippedData()  # in the run that is resumed
        self._sum = SkippedData()  # over the processes, at the last look
        self._named = SkippedData()  # its reasons are in the log
        self._enough = False  # which the log says

    def before_train(self, runner: Runner) -> None:
        """Say so if nothing can be counted."""
        if not hasattr(runner.train_dataloader, 'skipped'):
            kind = type(runner.train_loop).__name__
            runner.logger.warning(
                f"train_cfg.type='{kind}' does not tell what data is skipped: "
                f"use 'Resumable{kind}'")

    def after_train_iter(self,
                         runner: Runner,
                         batch_idx: int,
                         data_batch: DATA_BATCH = None,
                         outputs: Optional[dict] = None) -> None:
        """Look at the counts now and then."""
        if self.every_n_train_iters(runner, self.interval):
            self._look(runner)

    def after_train(self, runner: Runner) -> None:
        """Say what was skipped in the whole run."""
        self._look(runner)
        if self._sum.counts:
            runner.logger.warning(
                f'Skipped in {runner.iter} iterations: '
                + self._sum.with_reasons())

    def before_checkpoint(self, runner: Runner) -> None:
        """Collect the counts of all processes."""
        self._look(runner)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Add them to a checkpoint."""
        checkpoint[KEY] = self._sum.state()

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Count on from there when resuming."""
        if runner._resume and KEY in checkpoint:
            self._before = SkippedData.from_state(checkpoint[KEY])
            self._named.update(self._before)
            if self._before.counts:
                runner.logger.warning('Skipped before the interruption: '
                                      + self._before.with_reasons())

    def _look(self, runner: Runner) -> None:
        """Sum over the processes; all of them must do it."""
        mine = getattr(runner.train_dataloader, 'skipped', SkippedData())
        self._sum = SkippedData()
        self._sum.update(self._before)
        for state in all_gather_object(mine.state()):
            self._sum.update(SkippedData.from_state(state))
        if self._sum.counts:
            runner.message_hub.update_scalar('train/skipped', self._sum.total)
        self._name_new(runner)

    def _name_new(self, runner: Runner) -> None:
        """Those of other processes may come between known ones."""
        known = len(self._named.reasons)
        self._named.update(SkippedData(reasons=[
            reason for reason in self._sum.reasons
            if reason not in self._named.reasons]))
        for reason in self._named.reasons[known:]:
            runner.logger.warning(f'Skipped, {reason}')
        if len(self._named.reasons) >= SHOWN and not self._enough:
            self._enough = True
            runner.logger.warning(
                'What else of these kinds is skipped is only counted, as '
                f'skipped in the log; so far {self._sum}.')
