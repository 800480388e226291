"""Time of a search among synthetic region features.

    python tools/benchmarks/search.py --regions 100000 --dim 1024

From words to boxes: the text tower, the index (every region is compared), and
the choice among the candidates. Loading comes before.
"""
import argparse
import sys
import time
from pathlib import Path
from statistics import median
from typing import Callable, List

import numpy as np
import torch
from measure import machine

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from regionclip_mm.apis.region_search import RegionSet  # noqa: E402
from regionclip_mm.io.feature_columns import Columns  # noqa: E402
from regionclip_mm.io.feature_index import make_index, normalised  # noqa: E402
from regionclip_mm.text import CLIPTextEncoder  # noqa: E402

STEP = 10_000  # features made at a time
PER_IMAGE = 100
QUERY = 'a small red car in front of an old house'


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--regions', type=int, default=100_000)
    parser.add_argument('--dim', type=int, default=1024)
    parser.add_argument('--arch', default='rn50', help='of the text tower')
    parser.add_argument('--top', type=int, default=20)
    parser.add_argument('--queries', type=int, default=50)
    parser.add_argument('--threads', type=int, default=1,
                        help='of the text tower; the index uses one')
    return parser.parse_args()


def synthetic(count: int, dim: int) -> RegionSet:
    """Regions with features around a few hundred centres."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((300, dim), dtype=np.float32)
    found = make_index(dim)
    for start in range(0, count, STEP):
        size = min(STEP, count - start)
        found.index.add(normalised(
            centres[rng.integers(300, size=size)]
            + rng.standard_normal((size, dim), dtype=np.float32)))
    return RegionSet(found, rows_of(count, rng))


def rows_of(count: int, rng: np.random.Generator) -> Columns:
    """Places of regions in images of 1333 x 800 pixels."""
    low = rng.random((count, 2)) * (1000, 600)
    high = low + 20 + 300 * rng.random((count, 2))
    rows = dict(image=np.array([f'images/{row // PER_IMAGE:012}.jpg'
                                for row in range(count)]),
                box=np.concatenate([low, high], 1).astype(np.float32))
    rows['class'] = np.array(['traffic cone'] * count)
    return rows


def milliseconds(function: Callable[[int], object],
                 times: int) -> List[float]:
    """Of each call but for two to warm up."""
    found = []
    for number in range(times + 2):
        start = time.perf_counter()
        function(number)
        found.append(1000 * (time.perf_counter() - start))
    return found[2:]


def main() -> None:
    args = parse_args()
    torch.set_num_threads(args.threads)
    regions = synthetic(args.regions, args.dim)
    encoder = CLIPTextEncoder(args.arch).eval()
    queries = torch.randn(args.queries + 2, args.dim)

    @torch.no_grad()
    def text(number: int) -> torch.Tensor:
        return encoder(encoder.tokenizer(f'{QUERY} {number}'))

    def search(number: int) -> list:
        return regions.nearest(queries[number], args.top)

    def both(number: int) -> list:
        text(number)
        return search(number)

    print(f'{machine("cpu")}; {len(regions)} regions, features of {args.dim} '
          f'numbers, {args.top} wanted, {args.queries} queries')
    print('| | median, ms | max, ms |\n|---|---|---|')
    for name, function in ((f'text tower ({args.arch})', text),
                           ('search', search), ('both', both)):
        found = milliseconds(function, args.queries)
        print(f'| {name} | {median(found):.1f} | {max(found):.1f} |')


if __name__ == '__main__':
    main()
