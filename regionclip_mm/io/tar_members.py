"""Texts in tar shards of WebDataset, with the damage that tarfile hides."""
import re
import tarfile
from typing import BinaryIO, Dict, Iterator, List, NamedTuple, Optional, Tuple

from .skipped_data import DAMAGE, reason_of

LARGEST = 16 << 20  # bytes of a text
META = re.compile('__[^/]*__(/|$)')
BROKEN_HEADER = 'a header is damaged, samples may be lost'
NO_END = 'the end is missing, it may be cut off'


class Sample(NamedTuple):
    """The members of a sample, or what is wrong in place of it."""
    key: str
    members: Dict[str, bytes]  # by extension, as they are in the shard
    damage: str = ''


def read_samples(file: BinaryIO,
                 extensions: Tuple[str, ...]) -> Iterator[Sample]:
    """Go through a shard once; only the wanted members are read.

    ``tarfile`` alone ends without a word at a damaged header. Here damage is
    told, and what comes after it is read again from the next sound header.
    Members follow each other by sample, as WebDataset requires: a sample is
    those of the same name up to the first dot. Of members of one name the
    first counts.

    Where training reads images and captions through ``webdataset``
    (:mod:`.webdataset_shards`), images are passed over here: 1,000 samples
    with images of 50 KB take 4 of their 53 MB, and about half of the time.

    Args:
        file: The shard, also a compressed one; must be able to seek.
        extensions: The wanted members, such as ``('txt', 'json')``; of
            longer ones than LARGEST, only a byte more than these is read.

    Yields:
        Samples in the order of the shard, also those without any of these
        texts; at the end, if there was damage, one that has only this,
        described once.
    """
    damage: List[str] = []
    sample = None
    for key, extension, data in _members(file, extensions, damage):
        if sample is None or key != sample.key:
            if sample is not None:
                yield sample
            sample = Sample(key, {})
        if extension in sample.members:
            damage.append(f'{key} has more than one member {extension}')
        elif data is not None:
            sample.members[extension] = data
    if sample is not None:
        yield sample
    if damage:
        yield Sample('', {}, damage[0])


def _members(file: BinaryIO, extensions: Tuple[str, ...], damage: List[str]
             ) -> Iterator[Tuple[str, str, Optional[bytes]]]:
    """Key, extension and content of members; None if it is not wanted."""
    headers = _Headers(damage)
    try:
        with tarfile.open(fileobj=file, mode='r:*', ignore_zeros=True,
                          tarinfo=headers.watched()) as tar:
            while (info := tar.next()) is not None:
                tar.members.clear()  # or a long shard fills the memory
                key, extension = split_name(info.name)
                if info.isfile() and extension:
                    wanted = extension in extensions
                    yield key, extension, (tar.extractfile(info).read(
                        LARGEST + 1) if wanted else None)
        if not headers.ended:
            damage.append(NO_END)
    except DAMAGE as error:
        damage.append(reason_of(error))


def split_name(name: str) -> Tuple[str, str]:
    """'a/b.c/000.seg.TXT' -> 'a/b.c/000', 'seg.txt'.

    What WebDataset takes for no member of a sample has no extension: files
    without a name before the first dot, and those in folders as ``__meta__``.
    """
    folder, slash, base = name.rpartition('/')
    stem, _, extension = base.partition('.')
    if not stem or META.match(name):
        return name, ''
    return folder + slash + stem, extension.lower()


class _Headers:
    """What was met in place of headers while going through one shard."""

    def __init__(self, damage: List[str]) -> None:
        self.damage = damage  # what was wrong is added here
        self.ended = False

    def watched(self) -> type:
        """A class of members that tells us of its headers."""
        headers = self

        class WatchedInfo(tarfile.TarInfo):

            @classmethod
            def fromtarfile(cls, tar: tarfile.TarFile) -> tarfile.TarInfo:
                try:
                    info = super().fromtarfile(tar)
                except tarfile.EOFHeaderError:  # a block of zeros
                    headers.ended = True
                    raise
                except tarfile.EmptyHeaderError:  # nothing is left
                    raise
                except tarfile.HeaderError:
                    headers.damage.append(BROKEN_HEADER)
                    raise
                headers.ended = False
                return info

        return WatchedInfo
