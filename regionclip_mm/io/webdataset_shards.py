"""Samples of WebDataset shards, read by ``webdataset``, as bytes."""
from contextlib import closing
from typing import Any, Dict, Iterable, Iterator, List, Tuple

from .path_patterns import expand_braces, find_files
from .skipped_data import DAMAGE, reason_of
from .tar_blocks import TarBlocks
from .tar_members import Sample, split_name
from .wording import listed, repeated

INSTALL = 'pip install "webdataset>=1.0,<2"'


def find_shards(patterns: Iterable[str]) -> List[str]:
    """Addresses of the shards that patterns name.

    Args:
        patterns: Files, see :func:`find_files`, or what ``webdataset`` opens
            otherwise: addresses such as ``https://...`` and commands as
            ``pipe:...``, which may have braces.

    Returns:
        Addresses in the order of the patterns; files begin with ``file://``.

    Raises:
        ValueError: If nothing is found, or something twice.
    """
    found: List[str] = []
    for pattern in patterns:
        if '://' in pattern or pattern.startswith('pipe:'):
            found += expand_braces(pattern)
        else:
            found += [path.resolve().as_uri()
                      for path in find_files([pattern])]
    twice = repeated(found)
    if twice:
        raise ValueError('shards are named more than once: '
                         f'{listed(twice, words=str)}')
    if not found:
        raise ValueError('no shards are named')
    return found


def require_webdataset() -> Tuple[Any, Any]:
    """Of ``webdataset``, the function ``gopen``, the module ``tariterators``.

    Raises:
        RuntimeError: If it cannot be imported, with the command that helps.
    """
    try:
        from webdataset import tariterators
        from webdataset.gopen import gopen
    except ImportError as error:
        raise RuntimeError(
            f'tar shards are read by webdataset, which cannot be imported '
            f'({error}): {INSTALL} (it is in the extra `pretrain`: pip '
            'install ".[pretrain]" in the clone)') from None
    return gopen, tariterators


def read_shard(url: str, extensions: Tuple[str, ...]) -> Iterator[Sample]:
    """Go through a shard once; nothing is decoded or unpickled.

    Both ``tarfile`` and ``webdataset`` end without a word at a damaged
    header. Here reading goes on at the next sound header.

    Args:
        url: See :func:`find_shards`.
        extensions: The wanted members, such as ``('jpg', 'txt')``.

    Yields:
        Samples that have any of them, in the order of the shard; at the end,
        if there was damage, one that has only this, described once.
    """
    reading = _Reading(url, extensions)
    yield from reading.samples()
    if reading.damage:
        yield Sample('', {}, reading.damage[0])


class _Reading:
    """One pass through a shard.

    Attributes:
        damage: What was wrong, in the order in which it was met.
    """

    def __init__(self, url: str, extensions: Tuple[str, ...]) -> None:
        self.url, self.extensions = url, extensions
        self.damage: List[str] = []
        self._gopen, self._tar = require_webdataset()

    def samples(self) -> Iterator[Sample]:
        """Samples with their wanted members."""
        stream = None
        try:
            with closing(self._gopen(self.url)) as stream:
                # Of a command, webdataset's own read loses what came last
                # when it failed.
                blocks = TarBlocks(getattr(stream, 'stream', stream),
                                   self.damage)
                files = self._members(blocks.unpacked())
                for found in self._tar.group_by_keys(files,
                                                     handler=self._note):
                    yield Sample(found['__key__'], {
                        name: found[name] for name in self.extensions
                        if name in found})
        except DAMAGE as error:  # of opening, or the end of a command
            failed = _failed_command(stream)
            if failed:  # the cause of what else is wrong
                self.damage.insert(0, failed)
            else:
                self._note(error)

    def _members(self, blocks: TarBlocks) -> Iterator[Dict[str, Any]]:
        there_is_more = True
        while there_is_more:
            yield from self._tar.tar_file_expander(
                [dict(url=self.url, stream=blocks)], self._note, self._wanted,
                eof_value=None)
            there_is_more = blocks.find_header()

    def _wanted(self, name: str) -> bool:
        return split_name(name)[1] in self.extensions

    def _note(self, error: Exception) -> bool:
        """Handler of webdataset: go on after damage, stop at mistakes."""
        if not isinstance(error, DAMAGE):
            raise error
        # webdataset adds the stream and the address to the arguments
        words = [arg for arg in error.args
                 if isinstance(arg, str) and arg != self.url]
        self.damage.append(
            reason_of(words[0] if words else error).split(' @ ')[0])
        return True


def _failed_command(stream: Any) -> str:
    """How the command failed whose output a stream is; or nothing."""
    process = getattr(stream, 'proc', None)
    if process is None or not process.returncode:
        return ''
    command = (process.args if isinstance(process.args, str) else
               ' '.join(map(str, process.args)))
    status = process.returncode
    return reason_of(f'the command ended with exit status {status}: {command}'
                     if status > 0 else
                     f'the command was ended by signal {-status}: {command}')
