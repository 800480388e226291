"""Divides a dataset into parts, to be labelled one by one."""
from functools import cached_property
from typing import Any, Dict, Iterator, NamedTuple, Optional, Sequence, Union

from torch.utils.data import Dataset, IterableDataset, Subset

from ..datasets.label_shards import shards_by_name
from ..io.json_files import refuse_repeated
from ..io.skipped_data import BadSampleError
from .label_data import digest_of_images, digest_of_tar, known_images

PART = 500  # images; an interrupted run loses no more
WRAPPER = ('train_dataloader.dataset.type={!r} holds other data sets: label '
           'each of them by itself, with a config of its own')
NOTHING = 'left out by the pipeline'


class Failure(NamedTuple):
    """A sample that could not be read.

    Attributes:
        image_id: None if it is not known.
        reason: In words.
    """
    image_id: Optional[Union[int, str]]
    reason: str


class TolerantDataset(Dataset):
    """Samples of a dataset, or the reason why there is none.

    Only data that cannot be used (:class:`BadSampleError`) is a reason; all
    other errors are mistakes in the program or the config, and are raised.

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
        except BadSampleError as error:
            return self._failure(index, str(error))
        return found or self._failure(index, NOTHING)

    def _failure(self, index: int, reason: str) -> Failure:
        about = getattr(self.dataset, 'get_data_info', lambda index: {})
        image_id = about(index).get('img_id')
        return Failure(image_id, f'image {index} (id {image_id}): {reason}')


class ImagePart(Subset):
    """Some samples of a dataset.

    Args:
        samples: All of them.
        rows: Their numbers.
        digest: Of these images, see :func:`digest_of_images`.
    """

    def __init__(self, samples: TolerantDataset, rows: Sequence[int],
                 digest: Optional[str]) -> None:
        super().__init__(samples, rows)
        self.digest = digest


class TolerantShard(IterableDataset):
    """Samples of one tar shard in their order, or why there is none.

    As for :class:`TolerantDataset`, all other errors are raised.

    Args:
        dataset: A dataset of shards.
        url: One of its ``urls``.
    """

    def __init__(self, dataset: Any, url: str) -> None:
        self.dataset = dataset
        self.url = url

    @cached_property
    def digest(self) -> Optional[str]:
        """See :func:`digest_of_tar`."""
        return digest_of_tar(self.url)

    def __iter__(self) -> Iterator[Union[dict, Failure]]:
        for record in self.dataset.records.read(self.url):
            if record.data is None:
                yield Failure(None, record.account.reasons[-1])
                continue
            image_id = record.data['img_id']
            try:
                found = self.dataset.pipeline(record.data)
            except BadSampleError as error:
                yield Failure(image_id, str(error))
                continue
            yield found or Failure(image_id, f'{self.url}, {image_id}: '
                                   f'{NOTHING}')


Part = Union[ImagePart, TolerantShard]


def parts_of(dataset: Dataset) -> Dict[str, Part]:
    """Parts by name, in order: tar shards, or images one after another.

    Raises:
        ValueError: If two shards would have one name, or two images have one
            id, or the dataset holds others, which take another image where
            one cannot be read.
    """
    if hasattr(dataset, 'dataset') or hasattr(dataset, 'datasets'):
        raise ValueError(WRAPPER.format(type(dataset).__name__))
    if isinstance(dataset, IterableDataset):
        return {name: TolerantShard(dataset, url)
                for name, url in shards_by_name(dataset.urls).items()}
    samples, parts, ids = TolerantDataset(dataset), {}, []
    for start in range(0, len(dataset), PART):
        rows = range(start, min(start + PART, len(dataset)))
        known = known_images(dataset, rows)
        ids += [image.image_id for image in known or ()
                if image.image_id is not None]
        parts[f'{start:09}'] = ImagePart(samples, rows,
                                         digest_of_images(known))
    # those of a shard's samples are counted when it is read
    refuse_repeated(ids, 'img_ids', 'train_dataloader.dataset, whose labels '
                    'are found by img_id')
    return parts
