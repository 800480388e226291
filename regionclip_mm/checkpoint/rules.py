"""Renaming rules of a conversion, as data."""
import re
from typing import NamedTuple, Optional, Sequence


class Rule(NamedTuple):
    """What becomes of the keys of a file that match a pattern.

    Args:
        pattern: Regular expression for a whole key.
        target: Name in the model, may use groups of the pattern; None if
            such keys are left out on purpose.
        why: Reason for leaving a key out: always, if ``target`` is None;
            otherwise only where the model has no such key. Without a reason,
            a key that the model does not have is an error.
    """

    pattern: str
    target: Optional[str]
    why: Optional[str] = None


def find_rule(rules: Sequence[Rule], key: str) -> Optional[Rule]:
    """The first rule for ``key``."""
    return next((r for r in rules if re.fullmatch(r.pattern, key)), None)
