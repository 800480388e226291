"""Training loops that resume at the next batch instead of the first."""
import logging
from itertools import chain, repeat
from typing import Any, Iterator, Sequence, Union

from mmengine.logging import print_log
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop, Runner
from torch import nn
from torch.utils.data import DataLoader, IterableDataset

from mmdet.registry import LOOPS

from .data import make_resumable


class _ResumableLoop:
    """Makes the data loader of a loop of mmengine resumable."""

    def __init__(self, runner: Runner, dataloader: Union[DataLoader, dict],
                 *args: Any, **kwargs: Any) -> None:
        if isinstance(dataloader, dict):
            dataloader = runner.build_dataloader(
                dataloader, seed=runner.seed,
                diff_rank_seed=runner._randomness_cfg.get(
                    'diff_rank_seed', False))
        super().__init__(runner, self._make_resumable(dataloader, runner.seed),
                         *args, **kwargs)

    def _make_resumable(self, loader: DataLoader, seed: int) -> DataLoader:
        return make_resumable(loader, seed)


@LOOPS.register_module()
class ResumableEpochBasedTrainLoop(_ResumableLoop, EpochBasedTrainLoop):
    """:class:`EpochBasedTrainLoop` that can also resume within an epoch.

    Raises:
        ValueError: If the data is a stream, which has no epochs.
    """

    def _make_resumable(self, loader: DataLoader, seed: int) -> DataLoader:
        if isinstance(loader.dataset, IterableDataset):
            raise ValueError(
                "train_cfg.type='ResumableEpochBasedTrainLoop' counts epochs, "
                f'but {type(loader.dataset).__name__} has no end: set '
                "train_cfg=dict(type='ResumableIterBasedTrainLoop', "
                'max_iters=...)')
        return super()._make_resumable(loader, seed)

    def run_epoch(self) -> None:
        """One epoch, or what is left of it."""
        if len(self.dataloader) == 0:
            raise no_batch(self.dataloader)
        self._first = self.dataloader.batch
        super().run_epoch()

    def run_iter(self, idx: int, data_batch: Sequence[dict]) -> None:
        """One step; `idx` counts from where the loader began."""
        super().run_iter(self._first + idx, data_batch)


@LOOPS.register_module()
class ResumableIterBasedTrainLoop(_ResumableLoop, IterBasedTrainLoop):
    """:class:`IterBasedTrainLoop` that skips data without loading it."""

    def run(self) -> nn.Module:
        """Train up to the last iteration."""
        # The base class takes a batch for each iteration done: none of them.
        self.dataloader_iterator = chain(
            repeat(None, self._iter), self._endless())
        return super().run()

    def _endless(self) -> Iterator[Sequence[dict]]:
        if self._iter > 0:  # mmengine has just said that it skips data
            print_log(f'None of these {self._iter} steps loaded data: the '
                      'data loader begins where the run is to go on.',
                      'current', logging.WARNING)
        while True:
            yield from self.dataloader
            if self.dataloader.batch_sampler.count == 0:
                raise no_batch(self.dataloader)


def no_batch(loader: DataLoader) -> ValueError:
    """The error of a pass without a step."""
    return ValueError(
        'train_dataloader has no batch: its dataset has '
        f'{len(loader.dataset)} images, batch_size is '
        f'{loader.batch_sampler.batch_size}')
