"""Divides a dataset into parts, to be labelled one by one."""
from typing import Any, Dict, Iterator, NamedTuple, Optional, Union

from torch.utils.data import Dataset, IterableDataset, Subset

from ..io.region_labels import shard_stem

PART = 500  # images; an interrupted run loses no more


class Failure(NamedTuple):
    """A sample that could not be read.

    Attributes:
        image_id: None if it is not known.
        reason: In words.
    """
    image_id: Optional[Union[int, str]]
    reason: str


class Attempts(Dataset):
    """Samples of a dataset, or the reason why there is none.

    Args:
        dataset: Any; of mmengine's the sample itself is asked for, not
            another one in its stead.
    """

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        dataset.test_mode = True  # mmengine's have it: no other samples

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> Union[dict, Failure]:
        """A packed sample, or why not."""
        read = getattr(self.dataset, 'prepare_data', self.dataset.__getitem__)
        try:
            found = read(index)
        except Exception as error:  # a file can be damaged in any way
            return self._failure(index, f'{type(error).__name__}: {error}')
        return self._failure(index, 'left out by the pipeline') if (
            found is None) else found

    def _failure(self, index: int, reason: str) -> Failure:
        about = getattr(self.dataset, 'get_data_info', lambda index: {})
        image_id = about(index).get('img_id')
        return Failure(image_id, f'image {index} (id {image_id}): {reason}')


class ShardAttempts(IterableDataset):
    """Samples of one tar shard in their order, or why there is none.

    Args:
        dataset: A dataset of shards.
        url: One of its ``urls``.
    """

    def __init__(self, dataset: Any, url: str) -> None:
        self.dataset = dataset
        self.url = url

    def __iter__(self) -> Iterator[Union[dict, Failure]]:
        for record in self.dataset.records.read(self.url):
            if record.data is None:
                yield Failure(None, f'{self.url}: {record.account}')
                continue
            image_id = record.data['img_id']
            try:
                yield self.dataset.pipeline(record.data)
            except Exception as error:  # of an image damaged in any way
                yield Failure(image_id, f'{self.url}, {image_id}: '
                              f'{type(error).__name__}: {error}')


def parts_of(dataset: Dataset) -> Dict[str, Dataset]:
    """Parts by name, in order: tar shards, or images one after another."""
    if isinstance(dataset, IterableDataset):
        return {shard_stem(url): ShardAttempts(dataset, url)
                for url in dataset.urls}
    attempts = Attempts(dataset)
    return {f'{start:09}': Subset(attempts, range(
                start, min(start + PART, len(dataset))))
            for start in range(0, len(dataset), PART)}
