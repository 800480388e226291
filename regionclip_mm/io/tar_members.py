"""Texts in tar shards of WebDataset, with the damage that tarfile hides."""
import tarfile
from typing import BinaryIO, Dict, Iterator, List, NamedTuple, Tuple

LARGEST = 16 << 20  # bytes of a text; larger members are not read
BROKEN_HEADER = 'a header is damaged, samples may be lost'
NO_END = 'the end is missing, it may be cut off'


class Sample(NamedTuple):
    """The members of a sample, or what is wrong in place of it."""
    key: str
    members: Dict[str, bytes] = {}  # by extension, as they are in the shard
    damage: str = ''


def read_samples(file: BinaryIO,
                 extensions: Tuple[str, ...]) -> Iterator[Sample]:
    """Go through a shard once; only the wanted members are read.

    ``tarfile`` alone ends without a word at a damaged header. Here damage is
    told, and what comes after it is read again from the next sound header.
    Members follow each other by sample, as WebDataset requires: a sample is
    those of the same name up to the first dot.

    Args:
        file: The shard, also a compressed one; must be able to seek.
        extensions: The wanted members, such as ``('txt', 'json')``.

    Yields:
        Samples in the order of the shard, also those without any of these
        texts, and damage.

    Raises:
        tarfile.TarError, OSError, EOFError, ValueError, zlib.error,
        lzma.LZMAError: If nothing can be read after some point.
    """
    headers = _Headers()
    sample = None
    with tarfile.open(fileobj=file, mode='r:*', ignore_zeros=True,
                      tarinfo=headers.watched()) as tar:
        while True:
            info = tar.next()
            yield from headers.take_damage()
            if info is None:
                break
            tar.members.clear()  # or a long shard fills the memory
            key, extension = split_name(info.name)
            if not info.isfile() or not extension:
                continue
            if sample is None or key != sample.key:
                if sample is not None:
                    yield sample
                sample = Sample(key, {})
            if extension not in extensions:
                continue
            if info.size > LARGEST:
                sample = sample._replace(
                    damage=f'{extension} has {info.size} bytes')
                continue
            sample.members[extension] = tar.extractfile(info).read()
    if sample is not None:
        yield sample
    if not headers.ended:
        yield Sample('', {}, NO_END)


def split_name(name: str) -> Tuple[str, str]:
    """'a/b.c/000.seg.TXT' -> 'a/b.c/000', 'seg.txt'."""
    folder, slash, base = name.rpartition('/')
    stem, _, extension = base.partition('.')
    return folder + slash + stem, extension.lower()


class _Headers:
    """What was met in place of headers while going through one shard."""

    def __init__(self) -> None:
        self.ended = False
        self.broken: List[str] = []

    def take_damage(self) -> Iterator[Sample]:
        """Damage since the last call, as one: lost data has no headers."""
        if self.broken:
            self.broken.clear()
            yield Sample('', {}, BROKEN_HEADER)

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
                except tarfile.HeaderError as error:
                    headers.broken.append(str(error))
                    raise
                headers.ended = False
                return info

        return WatchedInfo
