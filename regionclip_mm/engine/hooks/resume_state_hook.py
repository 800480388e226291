"""Carries over what mmengine's checkpoints leave out."""
from typing import Any, Optional

from mmengine.dist import all_gather_object, get_dist_info
from mmengine.hooks import Hook
from mmengine.hooks.hook import DATA_BATCH
from mmengine.runner import BaseLoop, IterBasedTrainLoop, Runner

from mmdet.registry import HOOKS

from ..data import ResumableDataLoader, ResumableStreamLoader
from ..random_state import get_random_state, set_random_state
from ..same_training import (check_same_classes, check_same_optimizer,
                             check_same_vocabularies, describe_optimizer,
                             describe_vocabularies)

KEY = 'resume_state'
# mmengine logs what begins with 'val'
VALIDATED = 'last_validation'
RESUMABLE = (ResumableDataLoader, ResumableStreamLoader)


@HOOKS.register_module()
class ResumeStateHook(Hook):
    """Saves and restores random numbers and the place in the data.

    Random numbers are those of Python, NumPy and torch (with the GPU) in each
    process, and belong to the training steps: what is drawn between two steps
    (by validation, by starting workers) does not change the next one, so that
    a resumed run, in which it may be missing, equals an uninterrupted one.

    Needs the :class:`AtomicCheckpointHook`, which asks all processes for their
    state, and one of the resumable loops.
    """

    priority = 'VERY_HIGH'

    def __init__(self) -> None:
        self._random = self._saved = None

    def before_train(self, runner: Runner) -> None:
        """Start with the random numbers restored, or those there are."""
        self._random = self._random or get_random_state()
        kinds = {type(hook).__name__ for hook in runner.hooks}
        if 'AtomicCheckpointHook' not in kinds:
            runner.logger.warning(
                'Checkpoints will have no random state: ResumeStateHook needs '
                "default_hooks.checkpoint.type='AtomicCheckpointHook'")
        if not isinstance(runner.train_dataloader, RESUMABLE):
            kind = type(runner.train_loop).__name__
            runner.logger.warning(
                f"train_cfg.type='{kind}' starts the data from the beginning "
                f"of the epoch after --resume: use 'Resumable{kind}'")

    def before_train_iter(self,
                          runner: Runner,
                          batch_idx: int,
                          data_batch: DATA_BATCH = None) -> None:
        """Continue where the step before this one ended."""
        set_random_state(self._random)

    def after_train_iter(self,
                         runner: Runner,
                         batch_idx: int,
                         data_batch: DATA_BATCH = None,
                         outputs: Optional[dict] = None) -> None:
        """Remember where this step ended."""
        self._random = get_random_state()

    def before_val(self, runner: Runner) -> None:
        """Validate with the same random numbers, now or after resuming."""
        if self._random is not None:
            set_random_state(self._random)

    def after_val(self, runner: Runner) -> None:
        """Remember that this point has been validated."""
        runner.message_hub.update_info(VALIDATED, progress(runner))

    def before_checkpoint(self, runner: Runner) -> None:
        """Collect the state of all processes."""
        loader = runner.train_dataloader
        self._saved = dict(
            random=all_gather_object(self._random),
            optimizer=describe_optimizer(runner.optim_wrapper),
            vocabularies=describe_vocabularies(runner.model),
            data=(loader.position()
                  if isinstance(loader, RESUMABLE) else None))

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Add it to a checkpoint of the training, not to the best model."""
        if self._saved is not None and 'optimizer' in checkpoint:
            checkpoint[KEY] = self._saved

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Restore it when resuming."""
        if not runner._resume or not isinstance(runner._train_loop, BaseLoop):
            return
        state = checkpoint.get(KEY)
        _check_same_training(runner, checkpoint['meta'], state or {})
        if state is None:
            runner.logger.warning(
                'The checkpoint has no random state: it was written without '
                'the ResumeStateHook or the AtomicCheckpointHook. Training '
                'goes on, not exactly as if uninterrupted.')
        if isinstance(runner.train_dataloader, RESUMABLE):
            _go_to_place(runner, state and state['data'], checkpoint['meta'])
        if state is not None:
            self._restore_random(runner, state['random'])

    def _restore_random(self, runner: Runner, states: list) -> None:
        rank, world_size = get_dist_info()
        if len(states) != world_size:
            runner.logger.warning(
                f'The run had {len(states)} processes, now it has '
                f'{world_size}: it goes on with other random numbers and '
                'other images than it would have.')
        else:
            self._random = states[rank]


@HOOKS.register_module()
class MissedValidationHook(Hook):
    """Validates first, if the run ended before a validation that was due.

    mmengine saves before it validates and never makes up for it, so that a
    run killed in its last validation would have no result.
    """

    priority = 'LOWEST'

    def before_train(self, runner: Runner) -> None:
        """Validate unless the checkpoint was saved afterwards."""
        loop, done = runner.train_loop, progress(runner)
        if runner.val_loop is None or not runner._resume or done == 0:
            return
        loop._decide_current_val_interval()
        last = (loop.max_iters if isinstance(loop, IterBasedTrainLoop)
                else loop.max_epochs)
        if done >= loop.val_begin and (
                done % loop.val_interval == 0 or done == last) and (
                    runner.message_hub.get_info(VALIDATED) != done):
            runner.logger.info('Validating, which was due when the run ended.')
            runner.val_loop.run()


def _check_same_training(runner: Runner, meta: dict, state: dict) -> None:
    """Raise a ValueError if the checkpoint is of another training."""
    now = getattr(runner.train_dataloader.dataset, 'metainfo', None) or {}
    before = meta.get('dataset_meta') or {}
    if 'classes' in now and 'classes' in before:
        check_same_classes(before['classes'], now['classes'])
    if 'optimizer' in state:
        check_same_optimizer(state['optimizer'],
                             describe_optimizer(runner.optim_wrapper))
    if 'vocabularies' in state:
        check_same_vocabularies(state['vocabularies'],
                                describe_vocabularies(runner.model))


def progress(runner: Runner) -> int:
    """Iterations or epochs done, as the loop counts them."""
    loop: Any = runner.train_loop
    return loop.iter if isinstance(loop, IterBasedTrainLoop) else loop.epoch


def _go_to_place(runner: Runner, place: Optional[dict], meta: dict) -> None:
    """Continue the data where the checkpoint was written, if it says."""
    loader = runner.train_dataloader
    is_stream = isinstance(loader, ResumableStreamLoader)
    if place and ('places' in place) != is_stream:
        before, now = (('by index', 'as a stream') if is_stream
                       else ('as a stream', 'by index'))
        runner.logger.warning(
            f'The run read its data {before}, now it does {now}, as '
            'train_dataloader.dataset says: the data begins anew.')
    elif place:
        loader.go_to(**place)
    elif not is_stream:
        loader.go_to(**_estimate(runner, meta))


def _estimate(runner: Runner, meta: dict) -> dict:
    """The place in the data, for a checkpoint of mmengine's own hook."""
    loader, epoch = runner.train_dataloader, 0
    if not isinstance(runner.train_loop, IterBasedTrainLoop):
        epoch = meta['epoch']
    return dict(epoch=epoch, batch=max(0, meta['iter'] - epoch * len(loader)),
                seed=meta.get('seed') or loader.position()['seed'])
