"""Scenes to show when somebody asks for words."""
from itertools import chain, islice, zip_longest
from typing import List, Sequence, Tuple

from .concepts import concepts
from .plans import make_plan
from .splits import SPLITS

Scene = Tuple[str, int]  # split, index


def scenes_of(words: Sequence[str], count: int,
              splits: Sequence[str] = ('demo', 'eval')) -> List[Scene]:
    """Scenes that show the words, each word in turn; any others fill up.

    Args:
        words: Class names; those that no scene shows are passed over.
        count: Number of scenes.
        splits: Where to look, the preferred ones first.
    """
    shown = {(split, index): {concepts()[o.concept].name for o in
                              make_plan(split, index).objects}
             for split in splits for index in range(SPLITS[split].size)}
    of_word = [[scene for scene, there in shown.items() if word in there]
               for word in words]
    turns = chain(chain.from_iterable(zip_longest(*of_word)), shown)
    chosen = dict.fromkeys(scene for scene in turns if scene is not None)
    return list(islice(chosen, count))
