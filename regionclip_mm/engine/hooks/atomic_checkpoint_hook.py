"""Checkpoints that a kill at any moment leaves usable."""
from pathlib import Path
from typing import Any, Callable, List, Optional

from mmengine.config import Config
from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.hooks import CheckpointHook
from mmengine.hooks.hook import DATA_BATCH
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.runner import BaseLoop, Runner

from mmdet.registry import HOOKS

from ..atomic_file import NAME, AtomicLocalBackend, partial_files
from ..latest_checkpoint import POINTER, find_latest_loadable, is_only_weights
from ..run_lock import lock_folder


@HOOKS.register_module()
class AtomicCheckpointHook(CheckpointHook):
    """mmengine's :class:`CheckpointHook`, in an order that loses nothing.

    - A file is written beside its place and renamed when it is on disk.
    - Older files, also of the best model, go after the newer one is there.
    - A checkpoint due amid gradient accumulation is written after the
      accumulation's last step: gradients are not part of a checkpoint.
    - A second training with the same ``work_dir`` is refused.
    - ``resume=True`` takes the latest checkpoint that opens, unless
      ``load_from`` names one. If there is none, the training begins with the
      weights of ``load_from``.

    Before it saves, each process gets the call ``before_checkpoint(runner)``
    of its hooks.

    Args:
        max_keep_ckpts: Checkpoints to keep; -1 keeps all.
        out_dir: As mmengine's, but on a local (or mounted) file system.
        **kwargs: See mmengine's :class:`CheckpointHook`.

    Raises:
        ValueError: If `out_dir` is remote or `backend_args` are given.
    """

    def __init__(self, max_keep_ckpts: int = -1,
                 out_dir: Optional[str] = None, **kwargs: Any) -> None:
        if '://' in str(out_dir or '') or kwargs.get('backend_args'):
            raise ValueError(
                f'default_hooks.checkpoint: out_dir={out_dir!r}, backend_args='
                f"{kwargs.get('backend_args')}: AtomicCheckpointHook writes "
                "to local folders. Use type='CheckpointHook' for others")
        super().__init__(out_dir=out_dir, backend_args=dict(backend=NAME),
                         **kwargs)
        self._max_kept = max_keep_ckpts
        self._due = False

    def before_run(self, runner: Runner) -> None:
        """Take the folder, choose the checkpoint to resume from, where none
        was named."""
        if not isinstance(runner._train_loop, BaseLoop):  # a test
            runner._resume = False  # the file that it names is what it tests
            return
        _by_main_process(lambda: lock_folder(Path(runner.work_dir)))
        named = runner._load_from
        if not runner._resume or named and not is_only_weights(named):
            return
        if named:
            runner.logger.warning(
                f'{named} has weights, no state of a training to resume: '
                'looking for that in work_dir.')
        latest = _by_main_process(lambda: self._find_latest(runner))
        runner._resume = latest is not None
        runner._load_from = latest or _initial_weights(runner)

    def _find_latest(self, runner: Runner) -> Optional[str]:
        folder = Path(runner.work_dir)
        if self.out_dir is not None and self.out_dir != runner.work_dir:
            folder = Path(self.out_dir) / folder.name
        for path in partial_files(folder):
            runner.logger.warning(f'Skipping {path}, which is half-written; '
                                  'it is removed.')
            path.unlink()
        latest = find_latest_loadable(folder, self.filename_tmpl,
                                      runner.logger)
        runner.logger.info(
            f'There is no checkpoint in {folder} to resume from: training '
            'starts at the beginning.' if latest is None else
            f'Resuming from {latest}, the latest checkpoint.')
        return latest and str(latest)

    def before_train(self, runner: Runner) -> None:
        """Recall which checkpoints there are, of which some may be to go."""
        super().before_train(runner)
        self._kept = list(runner.message_hub.get_info('keep_ckpt_ids', []))
        self._remove_old()  # if the run ended before it could

    def after_train_iter(self,
                         runner: Runner,
                         batch_idx: int,
                         data_batch: DATA_BATCH = None,
                         outputs: Optional[dict] = None) -> None:
        """Save when due, or when it was due and is possible now."""
        was_due = self._due
        super().after_train_iter(runner, batch_idx, data_batch, outputs)
        if was_due and self._due:
            step = runner.epoch if self.by_epoch else runner.iter + 1
            self._save_checkpoint_with_step(
                runner, step, dict(epoch=runner.epoch, iter=runner.iter + 1))

    def after_train(self, runner: Runner) -> None:
        """Save what was due amid an accumulation that does not end."""
        if self._due:
            self._save_now(
                runner, runner.epoch if self.by_epoch else runner.iter,
                dict(epoch=runner.epoch, iter=runner.iter))
        super().after_train(runner)

    def _save_checkpoint_with_step(self, runner: Runner, step: int,
                                   meta: dict) -> None:
        self._due = is_accumulating(runner.optim_wrapper)
        if not self._due:
            self._save_now(runner, step, meta)

    def _save_now(self, runner: Runner, step: int, meta: dict) -> None:
        self._due = False
        runner.call_hook('before_checkpoint')
        self._kept = [kept for kept in self._kept if kept != step] + [step]
        self.last_ckpt = str(Path(self.out_dir) /
                             self.filename_tmpl.format(step))
        runner.message_hub.update_info('keep_ckpt_ids', list(self._kept))
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        runner.save_checkpoint(
            self.out_dir, self.filename_tmpl.format(step), meta=meta,
            save_optimizer=self.save_optimizer, by_epoch=self.by_epoch,
            save_param_scheduler=self.save_param_scheduler,
            backend_args=self.backend_args, **self.args)
        if is_main_process():
            AtomicLocalBackend().put_text(self.last_ckpt,
                                          Path(runner.work_dir) / POINTER)
        self._remove_old()

    def _remove_old(self) -> None:
        if self._max_kept <= 0:
            return
        old, self._kept = (self._kept[:-self._max_kept],
                           self._kept[-self._max_kept:])
        for step in old if is_main_process() else ():
            path = Path(self.out_dir) / self.filename_tmpl.format(step)
            path.unlink(missing_ok=True)

    def _save_best_checkpoint(self, runner: Runner, metrics: dict) -> None:
        removed: List[str] = []
        self.file_backend.remove = removed.append
        try:
            super()._save_best_checkpoint(runner, metrics)
        finally:
            del self.file_backend.remove
        # a new one may have the name of the old one
        best = {getattr(self, 'best_ckpt_path', None),
                *getattr(self, 'best_ckpt_path_dict', {}).values()}
        for path in set(removed) - best:
            self.file_backend.remove(path)


def is_accumulating(wrapper: OptimWrapper) -> bool:
    """Whether gradients wait for a later step of the optimizer."""
    wrappers = (wrapper.values() if isinstance(wrapper, OptimWrapperDict)
                else [wrapper])
    return not all(each.should_update() for each in wrappers)


def _by_main_process(function: Callable[[], Optional[str]]) -> Optional[str]:
    """What it returns there, on every process; an error is one everywhere."""
    answer = [None, None]
    if is_main_process():
        try:
            answer[0] = function()
        except Exception as error:  # or the others would wait for ever
            answer[1] = error
    broadcast_object_list(answer)
    if answer[1] is not None:
        raise answer[1]
    return answer[0]


def _initial_weights(runner: Runner) -> Optional[str]:
    """What the training starts from; --resume makes the config forget it."""
    if runner._load_from is None and runner.cfg.filename:
        return Config.fromfile(runner.cfg.filename).get('load_from')
    return runner._load_from
