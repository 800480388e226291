"""Bytes that are no text, within texts."""
import re

# what errors='surrogateescape' makes of bytes, and json of half a character
HALVES, LOST = re.compile('[\ud800-\udfff]'), '\ufffd'


def replace_undecodable(text: str) -> str:
    """A text that can be written as UTF-8, with LOST in place of the rest."""
    return HALVES.sub(LOST, text)
