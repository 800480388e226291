"""Captions as pretraining takes them."""
from typing import Iterable, List

from ..io.skipped_data import REPLACED, SkippedData
from ..io.undecodable import replace_undecodable
from ..io.wording import is_text


def usable_captions(texts: Iterable[str], where: str,
                    skipped: SkippedData) -> List[str]:
    """Captions without white space around them; blank ones are left out.

    Args:
        texts: Captions of an image; bytes that are not UTF-8 are lone
            surrogates.
        where: They stand, for the account.
        skipped: Counts captions in which such bytes were replaced.
    """
    found = []
    for text in filter(None, map(str.strip, texts)):
        if not is_text(text):
            text = replace_undecodable(text)
            skipped.add(REPLACED, where)
        found.append(text)
    return found
