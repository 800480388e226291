"""Images with captions, from the tar shards of WebDataset."""
import os.path as osp
import zlib
from typing import (Any, Callable, Dict, Iterator, List, NamedTuple, Optional,
                    Sequence, Union)

from mmengine.dataset import Compose
from mmengine.dist import get_dist_info
from torch.utils.data import IterableDataset, get_worker_info

from mmdet.registry import DATASETS

from ..io.skipped_data import LEFT_OUT, BadSampleError, SkippedData
from ..io.webdataset_shards import find_shards, require_webdataset
from .load_encoded_image import place_of
from .shard_order import Place, ShardOrder, shuffled
from .shard_records import IMAGES, Extensions, ShardRecords, name_of

ENDLESS = 1 << 40  # what mmengine is told where it asks for a length
MOST_BAD = 100_000  # bad samples in a row that a reader takes


class Drawn(NamedTuple):
    """A sample before the pipeline.

    Attributes:
        data: ``img_id``, ``img_bytes``, ``texts``, ``shard``.
        epoch: In which it is drawn.
        place: Of its reader, behind it.
    """
    data: Dict[str, Any]
    epoch: int
    place: Place


@DATASETS.register_module()
class ImageTextShards(IterableDataset):
    """An endless stream of images with captions from tar shards.

    A sample has ``img_id`` (its name in the shard), ``img_bytes`` (encoded),
    ``texts`` (captions, list of str) and ``shard`` (file name of the tar).
    Use it with ``sampler=None`` and the ``ResumableIterBasedTrainLoop``,
    whose data loader divides the shards among the workers of all processes
    and can go on anywhere.

    What is damaged is left out and counted in ``skipped``: samples without
    image or caption, those whose pipeline raises :class:`BadSampleError` or
    makes them None, and damaged shards, of which the rest is used.

    Args:
        shards: Files or patterns, such as ``'cc3m/{00000..00331}.tar'`` or
            ``'cc3m/*.tar'``, or what the library ``webdataset`` opens
            otherwise (``https://...``, ``pipe:...``, which runs a command).
        data_root: Folder that files are relative to.
        images: Extensions of images, best first; or a single one.
        members: Extensions of captions, best first, or a single one; a 'json'
            one is read by ``key``, others are a caption as a whole.
        key: Of a json object, its value being a text or a list of texts.
        shuffle_buffer: Samples of a shard that are kept, encoded, to draw
            from; 0 keeps their order.
        pipeline: Transforms; one that has a method ``check_shards`` is told
            the addresses of all shards.
        metainfo: As of mmengine's datasets.

    Raises:
        ValueError: If there are no such shards; while reading, if a reader
            finds nothing that can be used in twice as many shards as there
            are.
        RuntimeError: If ``webdataset`` is not installed.
    """

    METAINFO: dict = dict()

    def __init__(self,
                 shards: Union[str, Sequence[str]],
                 data_root: str = '',
                 images: Extensions = IMAGES,
                 members: Extensions = ('txt', 'json'),
                 key: str = 'caption',
                 shuffle_buffer: int = 1000,
                 pipeline: Sequence[Union[dict, Callable]] = (),
                 metainfo: Optional[dict] = None) -> None:
        require_webdataset()
        patterns = [shards] if isinstance(shards, str) else shards
        self.urls = find_shards(
            pattern if '://' in pattern or pattern.startswith('pipe:') else
            osp.join(data_root, pattern) for pattern in patterns)
        self.records = ShardRecords(images, members, key)
        self.shuffle_buffer = shuffle_buffer
        self.pipeline = Compose(pipeline)
        for step in self.pipeline.transforms:
            if hasattr(step, 'check_shards'):
                step.check_shards(self.urls)
        self.metainfo = dict(self.METAINFO, **metainfo or {})
        self.skipped = SkippedData()
        self._bad: List[str] = []  # since the last good one
        self._bad_count = self._bad_shards = 0
        self._failed = False

    @property
    def fingerprint(self) -> str:
        """The same for the same names of shards in the same order."""
        names = '\n'.join(map(name_of, self.urls)).encode(errors='replace')
        return f'{len(self.urls)} shards {zlib.crc32(names):08x}'

    def __len__(self) -> int:
        return ENDLESS

    def __iter__(self) -> Iterator[Any]:
        """Samples after the pipeline, for a plain data loader."""
        rank, processes = get_dist_info()
        worker = get_worker_info()
        number, workers = (worker.id, worker.num_workers) if worker else (0, 1)
        self.check_readers(processes, workers)
        order = self.order(number * processes + rank, processes * workers)
        for drawn in self.draw(order):
            data = self.prepare(drawn.data)
            if data is not None:
                yield data

    def check_readers(self, processes: int, workers: int) -> None:
        """Raise unless there is a shard for each reader.

        Args:
            processes: Of the training.
            workers: ``num_workers`` of each; 0 reads in the process itself.

        Raises:
            ValueError: Naming the numbers and what to change.
        """
        readers = processes * max(1, workers)
        if len(self.urls) < readers:
            raise ValueError(
                f'train_dataloader.dataset.shards are {len(self.urls)}, '
                f'fewer than their {readers} readers ({processes} processes x '
                f'train_dataloader.num_workers={workers}): two would read the '
                'same pairs at once, which the losses take for different '
                'ones. Lower train_dataloader.num_workers or the number of '
                'processes, or write more, smaller shards')

    def order(self, reader: int, readers: int, seed: int = 0) -> ShardOrder:
        """The shards of one reader among several."""
        return ShardOrder(len(self.urls), reader, readers, seed)

    def draw(self, order: ShardOrder,
             place: Place = Place()) -> Iterator[Drawn]:
        """Samples from a place on, without end; nothing is decoded.

        Raises:
            ValueError: If twice as many shards as there are, one after the
                other, have no good sample.
        """
        turn, taken = place
        while True:
            epoch, index = order.epoch(turn), order.shard(turn)
            for number, record in enumerate(shuffled(
                    self.records.read(self.urls[index]), self.shuffle_buffer,
                    (order.seed, epoch, index)), 1):
                if number <= taken:
                    continue
                self._note(record.account, record.data is None)
                if record.data is not None:
                    self._failed = False
                    yield Drawn(record.data, epoch, Place(turn, number))
                    if not self._failed:  # nor is this shard a bad one
                        self._bad, self._bad_count = [], 0
                        self._bad_shards = -1
            turn, taken = turn + 1, 0
            self._bad_shards += 1
            self._stop_if_all_bad()

    def prepare(self, data: Dict[str, Any]) -> Optional[Any]:
        """A sample after the pipeline, or None if it cannot be used."""
        try:
            found = self.pipeline(data)
            if found is None:
                raise BadSampleError(LEFT_OUT, place_of(data))
            return found
        except BadSampleError as error:
            account = SkippedData()
            account.add(error.kind, error.where)
            self._note(account, True)
            self._failed = True
            return None

    def _note(self, account: SkippedData, is_bad: bool) -> None:
        self.skipped.update(account)
        if is_bad:
            self._bad_count += 1
            self._bad += account.reasons[:5 - len(self._bad)]
            self._stop_if_all_bad()

    def _stop_if_all_bad(self) -> None:
        shards, source = max(0, self._bad_shards), self.records.source
        # an only reader reads a shard again within 2 epochs
        if shards >= 2 * len(self.urls) or self._bad_count >= MOST_BAD:
            raise ValueError(
                f'nothing can be used: {self._bad_count} bad records in a row '
                f'in {shards} readings of a shard. Are '
                f'train_dataloader.dataset.images={self.records.images}, '
                f'.members={source.members} and '
                f'.key={source.key!r} right? '
                + ('The first reasons:' if self._bad else
                   'No shard has a member of such a name.')
                + ''.join(f'\n  {why}' for why in self._bad))
