"""Batches that tell what was skipped on the way to them."""
from typing import Any, Callable, Iterator, List, NamedTuple

from torch.utils.data import Dataset

from ...io.skipped_data import SkippedData


class NotedBatch(NamedTuple):
    """A batch as it comes out of a worker.

    Attributes:
        data: The batch.
        skipped: What was left out since the worker's batch before this.
        place: Where its reader is behind it, if it has places.
    """
    data: Any
    skipped: SkippedData
    place: Any = None


class NotingCollate:
    """Another function that makes batches, with the account of skipped data.

    So each batch carries what was skipped for it from the worker to the main
    process, where only what was handed out counts.

    Args:
        collate: Samples -> batch.
        dataset: Whose ``skipped`` to take, or those of the datasets in it.
    """

    def __init__(self, collate: Callable[[List[Any]], Any],
                 dataset: Dataset) -> None:
        self.collate, self.dataset = collate, dataset

    def __call__(self, samples: List[Any]) -> NotedBatch:
        """Make a batch of samples."""
        return NotedBatch(self.collate(samples), take_skipped(self.dataset))


class PlacingCollate(NotingCollate):
    """The same for pairs of a sample and its place."""

    def __call__(self, samples: List[Any]) -> NotedBatch:
        """Make a batch of pairs; its place is that of the last."""
        noted = super().__call__([sample for sample, _ in samples])
        return noted._replace(place=samples[-1][1])


def take_skipped(dataset: Dataset) -> SkippedData:
    """What datasets have skipped; they begin anew with nothing."""
    found = SkippedData()
    for each in _with_those_inside(dataset):
        if isinstance(getattr(each, 'skipped', None), SkippedData):
            found.update(each.skipped.take())
    return found


def _with_those_inside(dataset: Dataset) -> Iterator[Dataset]:
    yield dataset
    inside = [getattr(dataset, 'dataset', None),
              *(getattr(dataset, 'datasets', None) or ())]
    for each in inside:
        if isinstance(each, Dataset):
            yield from _with_those_inside(each)
