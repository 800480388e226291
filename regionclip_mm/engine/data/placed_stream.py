"""A stream of samples of which every reader starts where it is told."""
import zlib
from typing import (Any, Iterable, Iterator, List, NamedTuple, Optional,
                    Protocol, Sequence, Tuple, runtime_checkable)

import torch
from mmengine.dist import get_dist_info
from torch.utils.data import IterableDataset, get_worker_info

from .seeded_samples import own_random_numbers, seed_all

ReaderPlace = Tuple[int, int]  # shards finished, records done of the next


@runtime_checkable
class PlaceableStream(Protocol):
    """A dataset whose readers can start at any place; ``ImageTextShards``.

    Attributes:
        metainfo: As of mmengine's datasets.
        fingerprint: Of what is read; places in other data mean nothing.
    """
    metainfo: dict
    fingerprint: str

    def check_readers(self, processes: int, workers: int) -> None:
        """Raise a ValueError if there are more readers than parts."""

    def order(self, reader: int, readers: int, seed: int) -> Any:
        """What a reader of all processes reads; it has ``first_turn`` and
        ``epoch``."""

    def draw(self, order: Any, place: ReaderPlace) -> Iterable[Any]:
        """Samples from a place on: ``data``, ``epoch`` and the ``place``
        behind each."""

    def prepare(self, data: dict) -> Optional[Any]:
        """The sample of the pipeline; None leaves it out."""


class Placed(NamedTuple):
    """Where a sample comes from.

    Attributes:
        reader: Of this process, counted from 0.
        place: Of the reader, behind the sample.
    """
    reader: int
    place: ReaderPlace


class PlacedStream(IterableDataset):
    """Samples of a stream, with their places, for the workers of a loader.

    A sample has random numbers of its own, which follow from the seed, the
    epoch, its shard and its name, whoever reads it.

    Args:
        dataset: The stream.
        workers: ``num_workers`` of the loader.
        seed: Of order and augmentation, the same in all processes.

    Attributes:
        readers: Readers of this process.
    """

    def __init__(self, dataset: PlaceableStream, workers: int,
                 seed: int) -> None:
        self.dataset = dataset
        self.rank, self.processes = get_dist_info()
        dataset.check_readers(self.processes, workers)
        self.readers = max(1, workers)
        # Workers that persist find here where their next pass begins. Rows:
        # the places; seed and the reader whose turn it is.
        self._starts = torch.zeros(self.readers + 1, 2,
                                   dtype=torch.int64).share_memory_()
        self.start_at([(0, 0)] * self.readers, 0, seed)

    @property
    def metainfo(self) -> dict:
        """That of the stream."""
        return self.dataset.metainfo

    @property
    def pipeline(self) -> Any:
        """That of the stream, if it has one."""
        return getattr(self.dataset, 'pipeline', None)

    def __len__(self) -> int:
        return len(self.dataset)

    def start_at(self, places: Sequence[ReaderPlace], turn: int,
                 seed: int) -> None:
        """Where the readers begin with the next pass.

        Args:
            places: Of each reader.
            turn: The reader that has the first batch.
            seed: See :class:`PlacedStream`.
        """
        self._starts.copy_(torch.tensor([*places, (seed, turn)]))

    def order(self, reader: int) -> Any:
        """The shards of a reader of this process."""
        return self.dataset.order(
            reader * self.processes + self.rank,
            self.readers * self.processes, int(self._starts[-1, 0]))

    def first_places(self, epoch: int) -> List[ReaderPlace]:
        """Of all readers, at the beginning of an epoch."""
        return [(self.order(reader).first_turn(epoch), 0)
                for reader in range(self.readers)]

    def __iter__(self) -> Iterator[Tuple[Any, Placed]]:
        worker = get_worker_info()
        seed, turn = self._starts[-1].tolist()
        reader = ((worker.id if worker else 0) + turn) % self.readers
        start = tuple(self._starts[reader].tolist())
        for drawn in self.dataset.draw(self.order(reader), start):
            name = f'{drawn.data["shard"]}/{drawn.data["img_id"]}'
            with own_random_numbers():
                seed_all(seed, drawn.epoch,
                         zlib.crc32(name.encode(errors='replace')))
                data = self.dataset.prepare(drawn.data)
            if data is not None:
                yield data, Placed(reader, tuple(drawn.place))
