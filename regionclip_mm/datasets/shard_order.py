"""Who reads which shard when, and the order within it."""
import random
from functools import lru_cache
from typing import (Iterable, Iterator, List, NamedTuple, Sequence, Tuple,
                    TypeVar)

T = TypeVar('T')


class Place(NamedTuple):
    """Where a reader is.

    Attributes:
        turn: Shards that it has finished.
        taken: Records of its current shard that it is done with.
    """
    turn: int = 0
    taken: int = 0


class ShardOrder(NamedTuple):
    """The shards of one reader among several.

    The shards of each epoch, in an order of their own, make an endless
    sequence that is dealt out in turn. So each shard of an epoch has one
    reader, and readers are never more than a shard apart.

    Attributes:
        shards: Number of all shards, at least ``readers``.
        reader, readers: Which one of how many.
        seed: Of the orders.
    """
    shards: int
    reader: int
    readers: int
    seed: int

    def shard(self, turn: int) -> int:
        """The shard that the reader takes in this turn."""
        epoch, number = divmod(turn * self.readers + self.reader, self.shards)
        return _order(self.shards, self.seed, epoch)[number]

    def epoch(self, turn: int) -> int:
        """The epoch that this turn belongs to."""
        return (turn * self.readers + self.reader) // self.shards

    def first_turn(self, epoch: int) -> int:
        """The reader's first turn in an epoch, or after it if it has none."""
        before = epoch * self.shards - self.reader
        return max(0, -(-before // self.readers))


@lru_cache(maxsize=4)
def _order(shards: int, seed: int, epoch: int) -> Tuple[int, ...]:
    """All shards in the order of an epoch."""
    order = list(range(shards))
    random.Random(f'{seed} {epoch}').shuffle(order)
    return tuple(order)


def shuffled(items: Iterable[T], size: int,
             seed: Sequence[int]) -> Iterator[T]:
    """Items in an order that follows from the seed.

    Args:
        items: Of any number.
        size: How many are kept to choose from; 0 keeps their order.
        seed: Integers.
    """
    dice = random.Random(' '.join(map(str, seed)))
    kept: List[T] = []
    for item in items:
        if len(kept) < size:
            kept.append(item)
            continue
        if kept:
            place = dice.randrange(size)
            kept[place], item = item, kept[place]
        yield item
    dice.shuffle(kept)
    yield from kept
