"""Parts of messages: what a user is shown of a long list."""
from collections import Counter
from typing import Any, Callable, Hashable, Iterable, List, Sequence

SHOWN = 10  # items of a list in a message


def is_text(value: Any) -> bool:
    """Whether it is a text that can be written as UTF-8."""
    try:
        value.encode()
    except (AttributeError, UnicodeEncodeError):
        return False
    return True


def repeated(values: Iterable[Hashable]) -> List[Hashable]:
    """What is there more than once."""
    return [value for value, n in Counter(values).items() if n > 1]


def short_repr(item: Any) -> str:
    """At most 60 characters of what Python shows of an item."""
    text = repr(item)
    return text if len(text) <= 60 else f'{text[:57]}...'


def listed(items: Sequence, shown: int = SHOWN,
           words: Callable[[Any], str] = short_repr) -> str:
    """The first items and the number of the others.

    Args:
        items: What is to be named.
        shown: How many of them at the most.
        words: Makes the text of one; ``str`` for names of weights.
    """
    first = [words(item) for item in items[:shown]]
    more = len(items) - shown
    return ', '.join(first) + (f' and {more} more' if more > 0 else '')
