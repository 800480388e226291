"""Samples whose augmentation follows from their place in the training."""
import random
from contextlib import contextmanager
from typing import Any, Iterator, List, NamedTuple, Sequence

import numpy as np
import torch
from mmengine.dist import get_dist_info
from torch.utils.data import BatchSampler, Dataset, Sampler


class Draw(NamedTuple):
    """A sample to load, with all its random numbers depend on.

    Args:
        index: What the dataset is asked for.
        seed: Seed of the run.
        epoch: Passes over the sampler before this one.
        number: The sample's number in this pass, over all processes.
    """

    index: Any
    seed: int
    epoch: int
    number: int


class SeededBatches(Sampler):
    """Batches of another batch sampler as :class:`Draw`, from any batch on.

    What is skipped is not loaded, but the sampler goes through it, so that
    whatever it remembers (groups of equal aspect ratio) is as before.

    Sample k of process r among n is number ``k * n + r``: with samplers that
    deal out indices in turn, two processes with batch 1 augment as one process
    with batch 2 does.

    Args:
        batches: Yields lists of indices.
        seed: Seed of the run; a sampler with a seed of its own prevails.

    Attributes:
        count: Batches of the pass, once it is over.
    """

    def __init__(self, batches: BatchSampler, seed: int) -> None:
        self.batches = batches
        self.sampler = getattr(batches, 'sampler', batches)
        self.batch_size = getattr(batches, 'batch_size', None)
        self.drop_last = getattr(batches, 'drop_last', False)
        self._seed = seed
        self.begin(0, 0)

    @property
    def seed(self) -> int:
        """Seed of order and augmentation, the same in all processes."""
        return getattr(self.sampler, 'seed', self._seed)

    def set_seed(self, seed: int) -> None:
        """Draw with another seed from the next pass on."""
        self._seed = seed
        if hasattr(self.sampler, 'seed'):
            self.sampler.seed = seed

    def begin(self, epoch: int, first: int) -> None:
        """The next pass is number `epoch` and starts with batch `first`."""
        self.epoch, self.first, self.count = epoch, first, None
        for sampler in (self.batches, self.sampler):
            if hasattr(sampler, 'set_epoch'):
                sampler.set_epoch(epoch)

    def __iter__(self) -> Iterator[List[Draw]]:
        epoch, first, seed = self.epoch, self.first, self.seed
        rank, world_size = get_dist_info()
        count = drawn = 0
        for count, batch in enumerate(self.batches, 1):
            if count > first:
                yield [
                    Draw(index, seed, epoch, (drawn + k) * world_size + rank)
                    for k, index in enumerate(batch)]
            drawn += len(batch)
        self.count = count

    def __len__(self) -> int:
        return len(self.batches)


def load_seeded(dataset: Dataset, draws: Sequence[Draw]) -> List[Any]:
    """Samples of a dataset, each with random numbers of its own.

    Workers may load them in any order and any number, before or after an
    interruption. The random numbers of the process itself are left alone.
    """
    with own_random_numbers():
        return [_load(dataset, draw) for draw in draws]


@contextmanager
def own_random_numbers() -> Iterator[None]:
    """What is drawn within does not change the numbers drawn after it."""
    state = random.getstate(), np.random.get_state(), torch.get_rng_state()
    try:
        yield
    finally:
        random.setstate(state[0])
        np.random.set_state(state[1])
        torch.set_rng_state(state[2])


def seed_all(*numbers: int) -> None:
    """Seed Python's, NumPy's and torch's generators of the CPU.

    Args:
        numbers: Not negative; each of them matters.
    """
    words = np.random.SeedSequence(numbers).generate_state(3)
    random.seed(int(words[0]))
    np.random.seed(words[1])
    # torch.manual_seed would seed the GPUs too
    torch.default_generator.manual_seed(int(words[2]))


def _load(dataset: Dataset, draw: Draw) -> Any:
    seed_all(draw.seed, draw.epoch, draw.number)
    return dataset[draw.index]
