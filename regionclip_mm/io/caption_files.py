"""Captions in json, jsonl, text and tar files, one after the other."""
import gzip
import json
import os
from functools import partial
from pathlib import Path
from typing import BinaryIO, Callable, Dict, Iterator, List, NamedTuple, Tuple

from .files import PathLike, require_file
from .sample_captions import (CaptionSource, captions_in, captions_in_json,
                              captions_of, without_nul)
from .skipped_data import DAMAGE, DAMAGED_SHARD, BadSampleError, reason_of
from .tar_members import read_samples
from .undecodable import IN_UTF16, is_utf16

LONGEST_LINE = 64 << 20  # bytes; what a line has more is not read
BOM = b'\xef\xbb\xbf'
DAMAGED_FILE = 'damaged_files'  # other than shards


class CaptionItem(NamedTuple):
    """A caption, or what is wrong in its place.

    Attributes:
        position: Bytes of the file that have been read.
        text: The caption as the file has it. Bytes that are not UTF-8 are
            lone surrogates, as of ``errors='surrogateescape'``.
        problem: What the count of it is called, as in :mod:`.skipped_data`,
            or DAMAGED_FILE; '' for a caption.
        where: Of a problem: file, line or member, and the reason.
    """
    position: int
    text: str = ''
    problem: str = ''
    where: str = ''


def read_captions(path: PathLike,
                  source: CaptionSource = CaptionSource()
                  ) -> Iterator[CaptionItem]:
    """The captions of a file; what cannot be read is named and left out.

    ======================  =============================================
    ``.json``               objects in a list, or in the list
                            ``annotations`` (COCO captions)
    ``.jsonl``              an object in each line
    ``.txt``                a caption in each line
    ``.tar``, ``.tgz``      WebDataset: members of one name are a sample
    ======================  =============================================

    All of them may be compressed, as ``.txt.gz``.

    Raises:
        ValueError: If it is another kind of file, see :func:`check_format`.
    """
    read = READERS[check_format(path)]
    position = 0
    try:
        require_file(path)
        with open(path, 'rb') as raw:
            for item in read(raw, str(path), source):
                position = item.position
                yield item
    except DAMAGE as error:
        yield CaptionItem(position, '', DAMAGED_FILE,
                          f'{path}: {reason_of(error)}')


def check_format(path: PathLike) -> str:
    """Which of ``READERS`` reads a file, by its name.

    Raises:
        ValueError: If none of them does.
    """
    name = Path(path).name.lower()
    name = name[:-3] if name.endswith('.gz') else name
    suffix = Path(name.replace('.tgz', '.tar')).suffix
    if suffix not in READERS:
        raise ValueError(f'{path} is not a file of captions: its name should '
                         f'end in {", ".join(READERS)}, or these with .gz')
    return suffix


def _unpacked(raw: BinaryIO, path: str) -> BinaryIO:
    return gzip.open(raw) if path.lower().endswith('.gz') else raw


def read_lines(raw: BinaryIO, path: str) -> Iterator[Tuple[int, str]]:
    """Numbers, from 1, and texts of the lines, with their ends.

    Args:
        raw: The file; unpacked here if its name ends in .gz.
        path: Its name.
    """
    file, number = _unpacked(raw, path), 0
    while True:
        line = file.readline(LONGEST_LINE)
        number += 1
        if number == 1:
            _refuse_utf16(line)
            line = line[len(BOM):] if line.startswith(BOM) else line
            if not line:  # perhaps of the mark alone
                line = file.readline(LONGEST_LINE)
        if not line:
            return
        rest = line
        while rest and not rest.endswith(b'\n'):
            rest = file.readline(LONGEST_LINE)
        yield number, line.decode('utf-8', 'surrogateescape')


def _refuse_utf16(data: bytes) -> None:
    if is_utf16(data):
        raise ValueError(IN_UTF16)


def _read_text(raw: BinaryIO, path: str,
               source: CaptionSource) -> Iterator[CaptionItem]:
    for number, line in read_lines(raw, path):
        yield from _items(raw.tell(), partial(
            without_nul, [line], f'{path}:{number}'))


def _read_json_lines(raw: BinaryIO, path: str,
                     source: CaptionSource) -> Iterator[CaptionItem]:
    for number, line in read_lines(raw, path):
        if line.strip():
            yield from _items(raw.tell(), partial(
                captions_in_json, line, source.key, f'{path}:{number}'))


def _read_json(raw: BinaryIO, path: str,
               source: CaptionSource) -> Iterator[CaptionItem]:
    data = _unpacked(raw, path).read()
    _refuse_utf16(data)
    size = os.path.getsize(path)
    text = data.decode('utf-8', 'surrogateescape')
    items = json.loads(text[1:] if text.startswith('\ufeff') else text)
    items = items.get('annotations') if isinstance(items, dict) else items
    if not isinstance(items, list):
        raise ValueError('it has no list of annotations')
    for row, item in enumerate(items):
        yield from _items(size * (row + 1) // len(items), partial(
            captions_in, item, source.key, f'{path}, annotations[{row}]'))


def _read_tar(raw: BinaryIO, path: str,
              source: CaptionSource) -> Iterator[CaptionItem]:
    size = os.path.getsize(path)
    for sample in read_samples(raw, source.members):
        position = min(raw.tell(), size)  # it may have sought behind the end
        if sample.damage:
            yield CaptionItem(position, '', DAMAGED_SHARD,
                              f'{path}: {sample.damage}')
        else:
            yield from _items(position,
                              partial(captions_of, sample, source, path))


def _items(position: int,
           read: Callable[[], List[str]]) -> Iterator[CaptionItem]:
    """The captions of a record, or what is wrong with it."""
    try:
        for text in read():
            yield CaptionItem(position, text)
    except BadSampleError as error:
        yield CaptionItem(position, '', error.kind, error.where)


READERS: Dict[str, Callable[[BinaryIO, str, CaptionSource],
                            Iterator[CaptionItem]]] = {
    '.json': _read_json,
    '.jsonl': _read_json_lines,
    '.txt': _read_text,
    '.tar': _read_tar,
}
