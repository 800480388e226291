"""What exists in the world: concepts, their roles, drawing styles."""
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Tuple

ASSETS = Path(__file__).resolve().parents[1] / 'assets'
SEEN_STYLES = ('noto', 'twemoji')
UNSEEN_STYLE = 'fluent'
STYLES = SEEN_STYLES + (UNSEEN_STYLE, )


@dataclass(frozen=True)
class Concept:
    """A thing with a name.

    Attributes:
        name: Class name; COCO's own one where ``role`` is base or novel.
        role: ``base`` or ``novel`` (COCO's 48/17 split), or ``other``.
        code: Unicode code points of the emoji, as emoji-datasource files it.
        fluent: File stem of Fluent's drawing.
        one: Noun phrase of one such thing, with its article.
        many: Noun of several.
    """
    name: str
    role: str
    code: str
    fluent: str
    one: str
    many: str


@lru_cache(maxsize=None)
def concepts() -> Tuple[Concept, ...]:
    """All concepts; the position is the sprite's place in every atlas."""
    table = json.loads((ASSETS / 'concepts.json').read_text())
    return tuple(Concept(**row) for row in table)


def names(*roles: str) -> Tuple[str, ...]:
    """Names of the concepts of these roles (all roles if none is given)."""
    return tuple(c.name for c in concepts() if not roles or c.role in roles)


@lru_cache(maxsize=None)
def indices(*roles: str) -> Tuple[int, ...]:
    """Positions of the concepts of these roles."""
    return tuple(i for i, c in enumerate(concepts()) if c.role in roles)
