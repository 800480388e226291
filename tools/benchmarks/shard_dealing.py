"""Simulates who reads which shard when, for data sets of any size.

    python tools/benchmarks/shard_dealing.py --pairs 3300000 --shards 1024 \
        --processes 64 --workers 8

Nothing is read: shards have random sizes, the order is that of
`ImageTextShards`, and each reader takes a pair at a time, as they do on the
average where batches come from all workers by turns.
"""
import argparse
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from regionclip_mm.datasets.shard_order import ShardOrder


class Dealing(NamedTuple):
    """How even an epoch is, at the moment when as many pairs have been read
    as it has.

    Attributes:
        fewest, most: Shards that a reader began in the first epoch.
        read_once, read_twice, not_read: Shares of the pairs.
        together: Share of the time in which two readers were in one shard.
    """
    fewest: int
    most: int
    read_once: float
    read_twice: float
    not_read: float
    together: float


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--pairs', type=int, default=3_300_000)
    parser.add_argument('--shards', type=int, default=1024)
    parser.add_argument('--processes', type=int, default=64)
    parser.add_argument('--workers', type=int, default=8)
    parser.add_argument('--spread', type=float, default=0.05,
                        help="standard deviation of a shard's pairs, relative")
    parser.add_argument('--seed', type=int, default=0)
    return parser.parse_args()


def simulate(pairs: int, shards: int, readers: int, spread: float,
             seed: int) -> Dealing:
    """Deal the shards to the readers.

    Args:
        pairs: Of the data set, about.
        shards: Of unequal size.
        readers: At most as many as shards; else the data set refuses.
        spread: Standard deviation of a shard's pairs, relative.
        seed: Of the sizes and of the orders.
    """
    random = np.random.default_rng(seed)
    sizes = np.maximum(random.normal(1, spread, shards), 0.05)
    sizes = np.round(sizes * pairs / sizes.sum())
    end = sizes.sum() / readers  # what each one has read then
    visits, begun = [], np.zeros(readers, int)
    for reader in range(readers):
        order, turn, now = ShardOrder(shards, reader, readers, seed), 0, 0.0
        while now < end:
            shard = order.shard(turn)
            visits.append((shard, now, min(now + sizes[shard], end)))
            begun[reader] += order.epoch(turn) == 0
            now, turn = now + sizes[shard], turn + 1
    return Dealing(int(begun.min()), int(begun.max()),
                   *_coverage(np.array(visits), sizes), _meetings(visits, end))


def _coverage(visits: np.ndarray, sizes: np.ndarray) -> tuple:
    """Shares of the pairs that were read once, more often, and not at all;
    of a shard, each visit has an order of its own."""
    missed, once = np.ones(len(sizes)), np.zeros(len(sizes))
    for shard, begin, end in visits:
        shard, share = int(shard), (end - begin) / sizes[int(shard)]
        once[shard] = once[shard] * (1 - share) + missed[shard] * share
        missed[shard] *= 1 - share
    once, missed = ((x * sizes).sum() / sizes.sum() for x in (once, missed))
    return once, 1 - once - missed, missed


def _meetings(visits: list, end: float) -> float:
    """Share of the time in which any shard has two readers."""
    last, meetings = {}, []
    for shard, begin, until in sorted(visits, key=lambda visit: visit[1]):
        if begin < last.get(shard, 0):
            meetings.append((begin, min(until, last[shard])))
        last[shard] = max(until, last.get(shard, 0))
    total = now = 0.0
    for begin, until in sorted(meetings):
        total += max(0.0, until - max(begin, now))
        now = max(now, until)
    return total / end


def main() -> None:
    args = parse_args()
    readers = args.processes * args.workers
    if readers > args.shards:
        sys.exit(f'{args.shards} shards are refused for {readers} readers')
    found = simulate(args.pairs, args.shards, readers, args.spread, args.seed)
    print(f'{args.pairs} pairs in {args.shards} shards, {readers} readers: '
          f'each one begins {found.fewest} to {found.most} shards of the '
          'first epoch; when as many pairs have been read as it has, '
          f'{found.read_once:.1%} were read once, {found.read_twice:.1%} '
          f'more often, {found.not_read:.1%} not yet; two readers are in one '
          f'shard for {found.together:.1%} of the time')


if __name__ == '__main__':
    main()
