"""Random numbers that stay the same on every machine and Python."""
import math
import random
from typing import List, Sequence, TypeVar

T = TypeVar('T')


class Dice:
    """Draws built on ``random.Random.random`` only, whose stream is fixed.

    Args:
        key: Text that decides all draws.
    """

    def __init__(self, key: str) -> None:
        self._random = random.Random(key).random

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self._random() < probability

    def uniform(self, low: float, high: float) -> float:
        """A real number of [low, high)."""
        return low + (high - low) * self._random()

    def log_uniform(self, low: float, high: float) -> float:
        """A real number whose logarithm is uniform."""
        return low * math.exp(self._random() * math.log(high / low))

    def integer(self, stop: int) -> int:
        """A whole number of [0, stop)."""
        return int(self._random() * stop)

    def choice(self, items: Sequence[T]) -> T:
        """One of the items."""
        return items[self.integer(len(items))]

    def shuffled(self, items: Sequence[T]) -> List[T]:
        """The items in random order."""
        return sorted(items, key=lambda _: self._random())
