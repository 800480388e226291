"""The captions of one record, of a json file or of a tar shard."""
import json
from typing import Any, List, NamedTuple, Tuple

from .skipped_data import BROKEN_RECORD, NO_CAPTION, BadSampleError, reason_of
from .tar_members import LARGEST, Sample
from .wording import listed, short_repr


class CaptionSource(NamedTuple):
    """Where in a record its captions are.

    Attributes:
        key: Of a json object; its value is a text or a list of texts.
        members: Extensions of a tar shard's members, best first; 'json' ones
            are read by ``key``, others are a caption as a whole.
    """
    key: str = 'caption'
    members: Tuple[str, ...] = ('txt', 'json')


def captions_of(sample: Sample, source: CaptionSource,
                shard: str) -> List[str]:
    """The captions of a sample of a shard.

    Args:
        sample: Without damage.
        source: The first of its members that is there counts.
        shard: Its name, for messages.

    Returns:
        As the shard has them: bytes that are not UTF-8 are lone surrogates,
        as of ``errors='surrogateescape'``; a BOM is left out.

    Raises:
        BadSampleError: If there is none, or it cannot be read.
    """
    where = f'{shard}, {sample.key}'
    member = next((m for m in source.members if m in sample.members), None)
    if member is None:
        raise BadSampleError(
            NO_CAPTION, f'{where}: no member {" or ".join(source.members)}')
    data = sample.members[member]
    if len(data) > LARGEST:
        raise BadSampleError(
            BROKEN_RECORD, f'{where}: {member} has more than {LARGEST} bytes')
    text = data.decode('utf-8', 'surrogateescape').removeprefix('\ufeff')
    if member != 'json':
        return without_nul([text], f'{where}.{member}')
    return captions_in_json(text, source.key, f'{where}.json')


def captions_in_json(text: str, key: str, where: str) -> List[str]:
    """The captions of a json object; see :func:`captions_in`."""
    return captions_in(json_record(text, where), key, where)


def json_record(text: str, where: str) -> Any:
    """What a text in json says.

    Raises:
        BadSampleError: If it is no json, or too deeply nested.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadSampleError(BROKEN_RECORD, f'{where}: no json, '
                             f'{reason_of(error)}') from None


def captions_in(record: Any, key: str, where: str) -> List[str]:
    """The captions that an object has under a key.

    Args:
        record: Of json.
        key: See :class:`CaptionSource`.
        where: The place of the record, for messages.

    Raises:
        BadSampleError: If there is none, saying what is there instead; if
            one has a NUL.
    """
    value = record.get(key) if isinstance(record, dict) else None
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not texts or not all(
            isinstance(text, str) for text in texts):
        raise BadSampleError(NO_CAPTION, f'{where}: no text under {key!r}, '
                             f'{instead_of_text(record, key)}')
    return without_nul(texts, where)


def instead_of_text(record: Any, key: str) -> str:
    """What there is where an object should have a text under a key."""
    if not isinstance(record, dict):
        return f'it is a {type(record).__name__}'
    if key not in record:
        return f'its keys are {listed(sorted(record), 5)}'
    return f'but {short_repr(record[key])}'


def without_nul(texts: List[str], where: str) -> List[str]:
    """The same texts; no writing has the character NUL.

    Raises:
        BadSampleError: If one of them has it.
    """
    if any('\0' in text for text in texts):
        raise BadSampleError(BROKEN_RECORD, f'{where}: it contains NUL '
                             'characters: is it in UTF-16?')
    return texts
