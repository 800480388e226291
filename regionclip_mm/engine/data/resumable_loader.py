"""A data loader that knows its place in the data."""
import logging
from functools import cached_property, partial
from typing import Any, Dict, Iterator, Optional

from mmengine.dist import get_world_size
from mmengine.logging import print_log
from torch.utils.data import DataLoader, IterableDataset

from ...io.skipped_data import SkippedData
from .fingerprint import fingerprint
from .noted_batches import NotingCollate
from .seeded_samples import SeededBatches, load_seeded

SAME = ('num_workers', 'collate_fn', 'pin_memory', 'timeout', 'worker_init_fn',
        'multiprocessing_context', 'generator', 'prefetch_factor',
        'persistent_workers', 'pin_memory_device')


class ResumableDataLoader(DataLoader):
    """Another loader's batches, from any batch of any pass on.

    Only batches that were handed out count: those that workers had loaded in
    advance when the run ended are loaded again. Workers start with the first
    batch asked for, not before.

    Args:
        loader: Supplies dataset, batch sampler and the settings of workers.
        seed: Seed of the run.

    Attributes:
        epoch: Complete passes over the data.
        batch: Batches of the current pass that were handed out.
        skipped: What could not be used for these.

    Raises:
        TypeError: If the loader has no batches of indices to skip.
        ValueError: If the dataset refuses so large a step, ``check_step``.
    """

    def __init__(self, loader: DataLoader, seed: int) -> None:
        dataset = loader.dataset
        if isinstance(dataset, IterableDataset) or (
                loader.batch_sampler is None):
            raise TypeError(
                f'train_dataloader ({type(dataset).__name__}, batch_size='
                f'{loader.batch_size}) cannot resume where it stopped, which '
                'takes a batch_size and a dataset with indices, or a stream '
                'that knows its place (ImageTextShards). Change it, or do '
                "without: train_cfg.type='IterBasedTrainLoop'")
        # The name by which torch's workers ask for a whole batch.
        dataset.__getitems__ = partial(load_seeded, dataset)
        super().__init__(
            dataset, batch_sampler=SeededBatches(loader.batch_sampler, seed),
            **settings_of(loader, NotingCollate))
        self.epoch = self.batch = 0
        self.skipped = SkippedData()
        if self.images and hasattr(dataset, 'check_step'):
            dataset.check_step(self.images)

    @property
    def images(self) -> Optional[int]:
        """Images per step of all processes; None if that is not one number."""
        size = self.batch_sampler.batch_size
        return size * get_world_size() if isinstance(size, int) else None

    def __iter__(self) -> Iterator[Any]:
        first = self.batch
        self.batch_sampler.begin(self.epoch, first)
        for noted in super().__iter__():
            self.batch += 1
            self.skipped.update(noted.skipped)
            yield noted.data
        # of a pass shorter than what was to skip, the rest remains
        left = first - self.batch_sampler.count
        self.epoch, self.batch = self.epoch + 1, max(left, 0)

    @cached_property
    def samples(self) -> str:
        """The :func:`fingerprint` of what is read."""
        return fingerprint(self.dataset)

    def position(self) -> dict:
        """Where it is: ``epoch``, ``batch``, ``seed``, ``samples``, what is
        read, and ``images`` per step."""
        return dict(epoch=self.epoch, batch=self.batch,
                    seed=int(self.batch_sampler.seed), samples=self.samples,
                    images=self.images)

    def go_to(self, epoch: int, batch: int, seed: int,
              samples: Optional[str] = None,
              images: Optional[int] = None) -> None:
        """Continue there, with the next iterator.

        With other samples, at the beginning of that epoch, which is said in
        the log; with another number of images per step, after as many images.

        Args:
            epoch, batch, seed, samples, images: Of :meth:`position`; what is
                not known is not compared.
        """
        if images and self.images and images != self.images:
            batch = batch * images // self.images
            print_log(
                f'The run had {images} images per step, now it has '
                f'{self.images}: it goes on after as many images. The '
                'learning rate is that of the checkpoint.', 'current',
                logging.WARNING)
        self.epoch, self.batch = epoch, batch
        self.batch_sampler.set_seed(seed)
        if samples in (None, self.samples):
            return
        self.batch = 0
        print_log(
            f'The run read {samples}, now train_dataloader.dataset has '
            f'{self.samples}: others, or in another order. Epoch {epoch} '
            '(counted from 0) begins anew, with the first of them.',
            'current', logging.WARNING)


def settings_of(loader: DataLoader, collate: type) -> Dict[str, Any]:
    """Arguments of a loader for another one of the same data.

    Args:
        loader: The one there is.
        collate: :class:`NotingCollate`, or one derived from it.
    """
    settings = {name: getattr(loader, name) for name in SAME}
    settings['collate_fn'] = collate(loader.collate_fn, loader.dataset)
    return settings
