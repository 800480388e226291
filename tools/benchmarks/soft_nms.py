"""Time of soft-NMS beside mmcv's, for as many candidates as an image gives.

    python tools/benchmarks/soft_nms.py

Boxes come in clusters, with most scores low, as detectors give them. mmcv's
operation runs on the CPU only and adds class offsets in float32; it takes
every pair of boxes, so that it is left out above --mmcv-most candidates.
`all` keeps every box, `top` the best --max-num, as test_cfg does.
"""
import argparse
import sys
import time
from pathlib import Path
from typing import Callable, Tuple

import torch
from measure import machine
from mmcv.ops import batched_nms
from torch import Tensor

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from regionclip_mm.models.utils import class_aware_soft_nms  # noqa: E402

MMCV = dict(type='soft_nms', method='gaussian', sigma=0.5, min_score=1e-3,
            split_thr=10**9)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--sizes', type=int, nargs='+',
                        default=[1000, 6000, 100_000])
    parser.add_argument('--classes', type=int, nargs='+', default=[65, 1203])
    parser.add_argument('--max-num', type=int, default=300)
    parser.add_argument('--mmcv-most', type=int, default=20_000)
    parser.add_argument('--runs', type=int, default=3)
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--device', default='cpu')
    return parser.parse_args()


def scene(num: int, classes: int,
          device: str) -> Tuple[Tensor, Tensor, Tensor]:
    """Boxes (N, 4) in 1333 x 800 pixels, scores (N,) and labels (N,)."""
    generator = torch.Generator().manual_seed(0)
    regions = min(num, 1000)
    size = torch.tensor([1333.0, 800.0])
    centre = torch.rand(regions, 2, generator=generator) * size
    half = torch.rand(regions, 2, generator=generator) * 100 + 5
    boxes = torch.cat([centre - half, centre + half], 1).clamp(min=0)
    rows = torch.randint(regions, (num, ), generator=generator)
    scores = torch.rand(num, generator=generator)**6
    labels = torch.randint(classes, (num, ), generator=generator)
    return boxes[rows].to(device), scores.to(device), labels.to(device)


def seconds(function: Callable[[], object], runs: int, device: str) -> float:
    """The best of some runs."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        function()
        if device.startswith('cuda'):
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    args = parse_args()
    torch.set_num_threads(args.threads)
    print(machine(args.device))
    print('| candidates | classes | ours, top | ours, all | mmcv, all |')
    print('|---|---|---|---|---|')
    for num in args.sizes:
        for classes in args.classes:
            data = scene(num, classes, args.device)
            cells = [seconds(
                lambda: class_aware_soft_nms(*data, method='gaussian',
                                             max_num=most),
                args.runs, args.device) for most in (args.max_num, -1)]
            if num <= args.mmcv_most:
                on_cpu = [x.cpu() for x in data]
                cells.append(seconds(lambda: batched_nms(*on_cpu, MMCV),
                                     args.runs, 'cpu'))
            cells = [f'{cell:.4f} s' for cell in cells] + ['']
            print(f'| {num} | {classes} | {" | ".join(cells[:3])} |',
                  flush=True)


if __name__ == '__main__':
    main()
