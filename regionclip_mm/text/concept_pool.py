"""Counts the concepts of files of captions, in processes, to be resumed."""
import hashlib
import json
import multiprocessing
import os
import signal
import threading
import time
import warnings
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path
from typing import (Any, Callable, Dict, Iterable, Iterator, List, NamedTuple,
                    Optional, Sequence, Tuple)

from ..io.caption_files import read_captions
from ..io.files import PathLike
from ..io.sample_captions import CaptionSource
from . import concept_parser
from .concept_counts import READ, ConceptCounts, written_or_told
from .concept_parser import ConceptParser

FORMAT = 2  # raise it when the same captions would give other counts
PER_BLOCK = 1000  # captions that a process is given at a time
WAITING = 3  # blocks for each process
SAVE_EVERY = 30  # seconds between two savings, unless they take long


@dataclass
class Progress:
    """How far the counting is; whole blocks, in the order of the files.

    Attributes:
        file: Number of the file that is being read; those before it are done.
        blocks: How many blocks of it are done.
        position: Bytes of it that have been read.
        counts: Of all these blocks.
        captions: That were parsed in this run, not in an earlier one.
        spacy_seconds: That components of spaCy took for them, all processes
            together.
    """
    file: int = 0
    blocks: int = 0
    position: int = 0
    counts: ConceptCounts = field(default_factory=ConceptCounts)
    captions: int = 0
    spacy_seconds: float = 0.


class Block(NamedTuple):
    """Some captions of a file, and what was read between them."""
    file: int
    number: int
    position: int
    captions: List[str]
    read: ConceptCounts


Work = Callable[[Sequence[str]], Tuple[ConceptCounts, float]]
_parser: Optional[ConceptParser] = None  # of a process


def count_concepts(files: Sequence[Path], parser: ConceptParser,
                   partial: PathLike,
                   source: CaptionSource = CaptionSource(),
                   processes: int = 1) -> Iterator[Progress]:
    """Count the concepts of all captions.

    The counts do not depend on the number of processes, nor on how often the
    run was interrupted: blocks of captions are always the same, and are added
    in order. What is done is saved now and then, and taken up by a call with
    the same files (path, size, time of change), source and parser.

    Args:
        files: As ``read_captions`` takes them.
        parser: Processes get their copies of it.
        partial: File to save to; remove it when the result is safe.
        source: Where in a record its captions are.
        processes: How many parse captions; 1: none but this one.

    Yields:
        The same object after each block, and once before the first.

    Raises:
        RuntimeError: If a process was ended from outside, or what is done
            cannot be saved.
    """
    key = _fingerprint(files, source, parser)
    progress = _saved(partial, key) or Progress()
    yield progress
    saver = _Saver(partial, key)
    blocks = _blocks(files, source, progress.file, progress.blocks)
    whole = True
    try:
        for block, (counts, seconds) in _counted(blocks, parser, processes):
            whole = False  # until the block has been added
            progress.file, progress.blocks = block.file, block.number + 1
            progress.position = block.position
            progress.counts.add(block.read)
            progress.counts.add(counts)
            progress.captions += counts.account[READ]
            progress.spacy_seconds += seconds
            whole = True
            saver.save_at_times(progress)
            yield progress
        progress.file, progress.blocks, progress.position = len(files), 0, 0
        saver.save(progress)
        yield progress
    except KeyboardInterrupt:
        if whole:
            saver.save(progress)
        raise
    except BrokenProcessPool:
        saver.save(progress)
        raise RuntimeError(
            'a process was ended from outside, perhaps for want of memory: '
            'the same command with fewer --processes goes on from here'
        ) from None


def _blocks(files: Sequence[Path], source: CaptionSource, first: int,
            done: int) -> Iterator[Block]:
    """The blocks of the files from ``first`` on, without ``done`` of it."""
    for file, path in enumerate(files[first:], first):
        skipped = done if file == first else 0
        number, captions, read, items = 0, [], ConceptCounts(), 0
        for item in read_captions(path, source):
            if item.problem:
                read.account[item.problem] += 1
                read.note(item.problem, item.where)
            else:
                captions.append(item.text)
            items += 1
            if items % PER_BLOCK == 0:
                if number >= skipped:
                    yield Block(file, number, item.position, captions, read)
                number, captions, read = number + 1, [], ConceptCounts()
        if items % PER_BLOCK and number >= skipped:
            yield Block(file, number, item.position, captions, read)


def _counted(blocks: Iterable[Block], parser: ConceptParser, processes: int
             ) -> Iterator[Tuple[Block, Tuple[ConceptCounts, float]]]:
    """Blocks in order, each with its counts and seconds in spaCy."""
    if processes == 1:
        _start(parser)
        for block in blocks:
            yield block, _count(block.captions)
        return
    pool = ProcessPoolExecutor(processes, initializer=_start_process,
                               initargs=(parser,))
    waiting: deque = deque()
    try:
        for block in blocks:
            waiting.append((block, pool.submit(_count, block.captions)))
            if len(waiting) >= WAITING * processes:
                done, counted = waiting.popleft()
                yield done, counted.result()
        for done, counted in waiting:
            yield done, counted.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _start(parser: ConceptParser) -> None:
    global _parser
    _parser = parser


def _start_process(parser: ConceptParser) -> None:
    """Ctrl-C is for the main process; without it there is nothing to do."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _start(parser)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)


def _count(captions: Sequence[str]) -> Tuple[ConceptCounts, float]:
    before = _parser.spacy_seconds
    counts = _parser.count(captions)
    return counts, _parser.spacy_seconds - before


def _fingerprint(files: Sequence[Path], source: CaptionSource,
                 parser: ConceptParser) -> str:
    """What the counts depend on."""
    found = []
    for path in files:
        about = path.stat()
        found.append([str(path.resolve()), about.st_size, about.st_mtime_ns])
    parts = [FORMAT, found, source, parser.origin, PER_BLOCK,
             concept_parser.LONGEST, concept_parser.PER_BATCH]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


class _Saver:
    """Saves progress, but does not spend its time with that."""
    SHARE = 50  # seconds of work for each that saving takes

    def __init__(self, path: PathLike, key: str) -> None:
        self.path, self.key = path, key
        self.next = time.monotonic() + SAVE_EVERY

    def save_at_times(self, progress: Progress) -> None:
        if time.monotonic() >= self.next:
            begun = time.monotonic()
            self.save(progress)
            took = time.monotonic() - begun
            self.next = time.monotonic() + max(SAVE_EVERY, self.SHARE * took)

    def save(self, progress: Progress) -> None:
        state = dict(key=self.key, file=progress.file, blocks=progress.blocks,
                     position=progress.position, **progress.counts.as_dict())
        with written_or_told(self.path) as partial:
            partial.write_text(json.dumps(state))


def _saved(path: PathLike, key: str) -> Optional[Progress]:
    """What was saved of the same work, if anything."""
    if not Path(path).exists():
        return None
    try:
        state: Dict[str, Any] = json.loads(Path(path).read_text())
        if state['key'] != key:
            warnings.warn(f'{path} is of other files, other versions of them '
                          'or other options: all captions are parsed')
            return None
        return Progress(state['file'], state['blocks'], state['position'],
                        ConceptCounts.from_dict(state))
    except (ValueError, KeyError, TypeError, OSError) as error:
        warnings.warn(f'{path} is damaged ({error}): all captions are parsed')
        return None
