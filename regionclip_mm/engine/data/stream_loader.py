"""A data loader of a stream that knows the place of its readers."""
import logging
from typing import Any, Iterator, List, Union

from mmengine.dist import (all_gather_object, broadcast_object_list, get_rank,
                           get_world_size)
from mmengine.logging import print_log
from torch.utils.data import DataLoader

from ...io.skipped_data import SkippedData
from .noted_batches import PlacingCollate
from .placed_stream import PlaceableStream, PlacedStream, ReaderPlace
from .resumable_loader import ResumableDataLoader, settings_of


class ResumableStreamLoader(DataLoader):
    """Another loader's batches of a stream, from any batch on, without end.

    Only batches that were handed out count: those that workers had loaded in
    advance when the run ended are loaded again. What was read of the current
    shards is read again, without decoding it.

    Args:
        loader: Supplies dataset, batch size and the settings of workers.
        seed: Seed of the run; that of the first process counts.

    Attributes:
        skipped: What could not be used for the batches handed out.

    Raises:
        ValueError: If there are fewer shards than readers.
    """

    def __init__(self, loader: DataLoader, seed: int) -> None:
        seeds = [int(seed)]
        broadcast_object_list(seeds)
        stream = PlacedStream(loader.dataset, loader.num_workers, seeds[0])
        super().__init__(
            stream, batch_size=loader.batch_size, drop_last=loader.drop_last,
            **settings_of(loader, PlacingCollate))
        self.seed = seeds[0]
        self.places: List[ReaderPlace] = stream.first_places(0)
        self.turn = 0  # the reader that has the next batch
        self.skipped = SkippedData()

    def __iter__(self) -> Iterator[Any]:
        self.dataset.start_at(self.places, self.turn, self.seed)
        for noted in super().__iter__():
            reader, place = noted.place
            self.places[reader] = place
            self.turn = (reader + 1) % self.dataset.readers
            self.skipped.update(noted.skipped)
            yield noted.data

    def position(self) -> dict:
        """Where the readers of all processes are; all must call it.

        Returns:
            ``places`` and ``turns`` of the processes, ``epoch``, the latest
            that a reader is in, ``seed`` and ``shards``, what is read.
        """
        epoch = max(self.dataset.order(reader).epoch(turn)
                    for reader, (turn, _) in enumerate(self.places))
        found = all_gather_object(
            ([list(place) for place in self.places], self.turn, epoch))
        places, turns, epochs = map(list, zip(*found))
        return dict(places=places, turns=turns, epoch=max(epochs),
                    seed=self.seed, shards=self.dataset.dataset.fingerprint)

    def go_to(self, places: List[List[ReaderPlace]], turns: List[int],
              epoch: int, seed: int, shards: str) -> None:
        """Continue there, with the next iterator.

        With other shards, or another number of processes or workers, at the
        beginning of the next epoch, which is said in the log.
        """
        self.seed = seed
        self.dataset.start_at(self.places, self.turn, seed)
        before = (f'{len(places)} processes x {len(places[0])} readers, '
                  f'{shards}')
        now = (f'{get_world_size()} processes x {self.dataset.readers} '
               f'readers, {self.dataset.dataset.fingerprint}')
        if before == now:
            self.places = [tuple(place) for place in places[get_rank()]]
            self.turn = turns[get_rank()]
            return
        print_log(
            f'The run read its data with {before}; now there are {now}. It '
            f'goes on with epoch {epoch + 1} of the data: what was left of '
            f'epoch {epoch} (counted from 0) is not read.', 'current',
            logging.WARNING)
        self.places, self.turn = self.dataset.first_places(epoch + 1), 0


def make_resumable(loader: DataLoader, seed: int
                   ) -> Union[ResumableDataLoader, ResumableStreamLoader]:
    """The loader that can resume, for the kind of dataset.

    Args:
        loader: Any other loader.
        seed: Seed of the run.

    Raises:
        TypeError: If there is none for its dataset.
    """
    knows_places = loader.batch_size is not None and isinstance(
        loader.dataset, PlaceableStream)
    kind = ResumableStreamLoader if knows_places else ResumableDataLoader
    return kind(loader, seed)
