"""Bytes that are no text, within texts."""
import re

# what errors='surrogateescape' makes of bytes, and json of half a character
HALVES, LOST = re.compile('[\ud800-\udfff]'), '\ufffd'


IN_UTF16 = 'it is in UTF-16: write it in UTF-8'
UTF16 = (b'\xff\xfe', b'\xfe\xff')


def is_utf16(data: bytes) -> bool:
    """Whether a file is in UTF-16, with or without a byte order mark.

    Args:
        data: How it begins. Without a mark, at least half of the characters
            must be of Latin-1, that is have a NUL on one of two sides.
    """
    head = data[:1000]
    nuls = sorted((head[::2].count(0), head[1::2].count(0)))
    return data.startswith(UTF16) or (
        nuls[0] == 0 and 2 * nuls[1] >= len(head) // 2 > 0)


def replace_undecodable(text: str) -> str:
    """A text that can be written as UTF-8, with LOST in place of the rest."""
    return HALVES.sub(LOST, text)
