"""Captions in json, jsonl, text and tar files, one after the other."""
import gzip
import json
import lzma
import os
import tarfile
import zlib
from pathlib import Path
from typing import (Any, BinaryIO, Callable, Dict, Iterator, List, NamedTuple,
                    Optional, Tuple)

from .files import PathLike
from .tar_members import read_samples
from .wording import listed

LONGEST_LINE = 64 << 20  # bytes; what a line has more is not read
BOM, UTF16 = b'\xef\xbb\xbf', (b'\xff\xfe', b'\xfe\xff')
DAMAGE = (OSError, EOFError, ValueError, RecursionError, OverflowError,
          zlib.error, lzma.LZMAError, tarfile.TarError)

CORRUPT = 'corrupt_records'
NO_CAPTION = 'records_without_caption'
DAMAGED_FILE = 'damaged_places_in_files'


class CaptionItem(NamedTuple):
    """A caption, or what is wrong in its place.

    Attributes:
        position: Bytes of the file that have been read.
        text: The caption as the file has it. Bytes that are not UTF-8 are
            lone surrogates, as of ``errors='surrogateescape'``.
        problem: CORRUPT, NO_CAPTION, DAMAGED_FILE, or '' for a caption.
        where: Of a problem: file, line or member, and the reason.
    """
    position: int
    text: str = ''
    problem: str = ''
    where: str = ''


class CaptionSource(NamedTuple):
    """Where in a record its captions are.

    Attributes:
        key: Of a json object; its value is a text or a list of texts.
        members: Extensions of a tar shard's members, best first; 'json' ones
            are read by ``key``, others are a caption as a whole.
    """
    key: str = 'caption'
    members: Tuple[str, ...] = ('txt', 'json')


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
        with open(path, 'rb') as raw:
            for item in read(raw, str(path), source):
                position = item.position
                yield item
    except DAMAGE as error:
        reason = ' '.join(str(error).split()) or type(error).__name__
        yield CaptionItem(position, '', DAMAGED_FILE, f'{path}: {reason}')


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
    if data.startswith(UTF16):
        raise ValueError('it is in UTF-16: write it in UTF-8')


def _read_text(raw: BinaryIO, path: str,
               source: CaptionSource) -> Iterator[CaptionItem]:
    for _, line in read_lines(raw, path):
        yield CaptionItem(raw.tell(), line)


def _read_json_lines(raw: BinaryIO, path: str,
                     source: CaptionSource) -> Iterator[CaptionItem]:
    for number, line in read_lines(raw, path):
        if line.strip():
            yield from _of_json(line, source.key, f'{path}:{number}',
                                raw.tell())


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
        yield from _of_record(item, source.key, f'{path}, annotations[{row}]',
                              size * (row + 1) // len(items))


def _read_tar(raw: BinaryIO, path: str,
              source: CaptionSource) -> Iterator[CaptionItem]:
    for sample in read_samples(raw, source.members):
        where = f'{path}, {sample.key}' if sample.key else path
        member = next((m for m in source.members if m in sample.members), None)
        if sample.damage:
            problem = CORRUPT if sample.key else DAMAGED_FILE
            yield CaptionItem(raw.tell(), '', problem,
                              f'{where}: {sample.damage}')
            continue
        if member is None:
            yield CaptionItem(
                raw.tell(), '', NO_CAPTION,
                f'{where}: no member {" or ".join(source.members)}')
            continue
        text = sample.members[member].decode('utf-8', 'surrogateescape')
        text = text[1:] if text.startswith('\ufeff') else text
        if member == 'json':
            yield from _of_json(text, source.key, f'{where}.json', raw.tell())
        else:
            yield CaptionItem(raw.tell(), text)


def _of_json(text: str, key: str, where: str,
             position: int) -> Iterator[CaptionItem]:
    try:
        record = json.loads(text)
    except (ValueError, RecursionError) as error:
        yield CaptionItem(position, '', CORRUPT, f'{where}: no json, {error}')
        return
    yield from _of_record(record, key, where, position)


def _of_record(record: Any, key: str, where: str,
               position: int) -> Iterator[CaptionItem]:
    texts = texts_under(record, key)
    if texts is None:
        has = (f'its keys are {listed(sorted(record), 5)}' if isinstance(
            record, dict) else f'it is a {type(record).__name__}')
        yield CaptionItem(position, '', NO_CAPTION,
                          f'{where}: no text under {key!r}, {has}')
        return
    for text in texts:
        yield CaptionItem(position, text)


def texts_under(record: Any, key: str) -> Optional[List[str]]:
    """The text, or list of texts, that an object has under a key; or None."""
    value = record.get(key) if isinstance(record, dict) else None
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not texts or not all(
            isinstance(text, str) for text in texts):
        return None
    return texts


READERS: Dict[str, Callable[[BinaryIO, str, CaptionSource],
                            Iterator[CaptionItem]]] = {
    '.json': _read_json,
    '.jsonl': _read_json_lines,
    '.txt': _read_text,
    '.tar': _read_tar,
}
