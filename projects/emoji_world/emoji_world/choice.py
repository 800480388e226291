"""Scenes to show when somebody asks for words, and what they show."""
from functools import lru_cache
from itertools import chain, islice, zip_longest
from typing import Dict, FrozenSet, List, Mapping, NamedTuple, Sequence, Tuple

from regionclip_mm.text import clean_class_name

from .concepts import concepts, names
from .plans import make_plan
from .splits import SPLITS

Scene = Tuple[str, int]  # split, index
PLACES = ('demo', 'eval')  # splits to look in, the preferred ones first


class Account(NamedTuple):
    """Words, by what the scenes show of them.

    Attributes:
        missed: The chosen scenes show them, but they were not found.
        elsewhere: Only scenes that were not chosen show them.
        nowhere: Names of the world that no scene shows.
        foreign: Words that are no names of the world.
    """
    missed: List[str]
    elsewhere: List[str]
    nowhere: List[str]
    foreign: List[str]


def scenes_of(words: Sequence[str], count: int,
              splits: Sequence[str] = PLACES) -> List[Scene]:
    """Scenes that show the words, each word in turn; any others fill up.

    Args:
        words: Class names; those that no scene shows are passed over.
        count: Number of scenes.
        splits: Where to look, the preferred ones first.
    """
    shown = _shown(splits)
    of_word = [[scene for scene, there in shown.items()
                if _spelt(word) in there] for word in words]
    turns = chain(chain.from_iterable(zip_longest(*of_word)), shown)
    chosen = dict.fromkeys(scene for scene in turns if scene is not None)
    return list(islice(chosen, count))


def account(words: Sequence[str], found: Mapping[str, int],
            scenes: Sequence[Scene],
            splits: Sequence[str] = PLACES) -> Account:
    """Sort words by what the scenes show of them.

    Args:
        words: What was looked for.
        found: How often each was found.
        scenes: The chosen ones, as of :func:`scenes_of`.
        splits: Where it looked for them.
    """
    shown = _shown(splits)
    here = frozenset().union(*(shown[scene] for scene in scenes))
    anywhere, known = frozenset().union(*shown.values()), frozenset(names())
    sorted_out = Account([], [], [], foreign(words))
    for word in words:
        name = _spelt(word)
        if name in here:
            if not found.get(word):
                sorted_out.missed.append(word)
        elif name in anywhere:
            sorted_out.elsewhere.append(word)
        elif name in known:
            sorted_out.nowhere.append(word)
    return sorted_out


def foreign(words: Sequence[str]) -> List[str]:
    """Those of the words that are no names of the world."""
    return [word for word in words if _spelt(word) not in names()]


def rivals(words: Sequence[str]) -> List[str]:
    """The names of the world that are none of the words."""
    asked = {_spelt(word) for word in words}
    return [name for name in names() if name not in asked]


def _spelt(word: str) -> str:
    """A word as CLIP reads it, which knows neither case nor underscores."""
    return ' '.join(clean_class_name(word).lower().split())


def _shown(splits: Sequence[str]) -> Dict[Scene, FrozenSet[str]]:
    """Names of the objects in each scene."""
    return {(split, index): _names_in(split, index)
            for split in splits for index in range(SPLITS[split].size)}


@lru_cache(maxsize=None)
def _names_in(split: str, index: int) -> FrozenSet[str]:
    return frozenset(concepts()[o.concept].name
                     for o in make_plan(split, index).objects)
