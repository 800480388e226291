"""The blocks of a tar file, also of a packed or a damaged one."""
import bz2
import gzip
import lzma
import tarfile
from typing import Any, BinaryIO, Callable, Dict, List

from .skipped_data import DAMAGE, reason_of
from .tar_members import BROKEN_HEADER, NO_END

CHUNK = 128 * tarfile.BLOCKSIZE
PACKED = 4096  # bytes unpacked at a time, of which damage loses all
OPENERS: Dict[bytes, Callable[[BinaryIO], BinaryIO]] = {
    b'\x1f\x8b': gzip.open, b'BZh': bz2.open, b'\xfd7zXZ': lzma.open}


class TarBlocks:
    """A stream that gives single blocks of a tar file.

    So ``tarfile`` never has more than it needs: when it ends, the last block
    is the header that made it end, and what follows can still be read. All
    that can be read before an error is given.

    Args:
        stream: Of bytes; should have ``read1``.
        damage: What was wrong is added here.
    """

    def __init__(self, stream: Any, damage: List[str]) -> None:
        self.damage = damage
        self._most = tarfile.BLOCKSIZE
        # read loses what it had before an error
        self._read = getattr(stream, 'read1', stream.read)
        self._chunk, self._at = b'', 0
        self._last, self._ended = b'', False

    def read(self, size: int = tarfile.BLOCKSIZE) -> bytes:
        """At most the next block; at the end, and after an error, b''."""
        if self._at >= len(self._chunk):
            self._chunk, self._at = self._next_chunk(), 0
        end = self._at + min(size, self._most)
        self._last = self._chunk[self._at:end]
        self._at += len(self._last)
        return self._last

    def _next_chunk(self) -> bytes:
        """Whole blocks, unless it is the last one."""
        parts, wanted = [], 0 if self._ended else CHUNK
        try:
            while wanted > 0 and not self._ended:
                parts.append(self._read(wanted))
                wanted -= len(parts[-1])
                self._ended = not parts[-1]
        except DAMAGE as error:
            self.damage.append(reason_of(error))
            self._ended = True
        return b''.join(parts)

    def peek(self) -> bytes:
        """The next block, which remains the next."""
        block = self.read()
        self._at -= len(block)
        return block

    def unpacked(self) -> 'TarBlocks':
        """These blocks, or what they are when gzip, bzip2 or xz is undone."""
        for magic, unpack in OPENERS.items():
            if self.peek().startswith(magic):
                self._most = PACKED
                return TarBlocks(unpack(self), self.damage)
        return self

    def find_header(self) -> bool:
        """Go to the next sound header behind where ``tarfile`` ended.

        Zeros are the regular end, which other archives may follow.
        """
        if len(self._last) < tarfile.BLOCKSIZE:
            self.damage.append(NO_END)
            return False
        is_broken = bool(self._last.strip(b'\0'))
        while True:
            block = self.peek()
            if not block or _is_header(block):
                break
            is_broken |= bool(block.strip(b'\0'))
            self.read()
        if is_broken:
            self.damage.append(BROKEN_HEADER)
        return bool(block)


def _is_header(block: bytes) -> bool:
    try:
        tarfile.TarInfo.frombuf(block, 'utf-8', 'surrogateescape')
    except tarfile.HeaderError:
        return False
    return True
