"""Stopwatch, memory gauge and comparison of the benchmarks."""
import platform
import threading
import time
from collections import defaultdict
from contextlib import contextmanager
from typing import Callable, Dict, Iterator, Tuple

import psutil
import torch
from torch import Tensor


class Meter:
    """Adds up seconds by stage; watches the peak of memory if asked to.

    Args:
        device: 'cpu' or 'cuda'.
        watch_memory: Follow the memory until :meth:`close`.
        clock: Seconds; that of the process is fair beside other processes,
            if there is one thread.
    """

    def __init__(self, device: str, watch_memory: bool = False,
                 clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self.seconds = defaultdict(float)
        self.cuda = device.startswith('cuda')
        self._rss = psutil.Process().memory_info
        self._start = self._peak = self._now()
        self._open = watch_memory
        if self.cuda:
            torch.cuda.reset_peak_memory_stats()
        elif watch_memory:
            self._thread = threading.Thread(target=self._watch, daemon=True)
            self._thread.start()

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        self._wait()
        start = self._clock()
        yield
        self._wait()
        self.seconds[stage] += self._clock() - start

    def close(self) -> float:
        """Peak memory above that at the start, in GB."""
        if self.cuda:
            peak = torch.cuda.max_memory_allocated()
        else:
            self._open = False
            self._thread.join()
            peak = self._peak
        return (peak - self._start) / 1e9

    def _now(self) -> int:
        return torch.cuda.memory_allocated() if self.cuda else self._rss().rss

    def _watch(self) -> None:
        while self._open:
            self._peak = max(self._peak, self._now())
            time.sleep(0.005)

    def _wait(self) -> None:
        if self.cuda:
            torch.cuda.synchronize()


class Parts(Meter):
    """A meter of stages within stages: each one without those in it."""

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        others = sum(self.seconds.values())
        with super().__call__(stage):
            yield
            self.seconds[stage] -= sum(self.seconds.values()) - others


def difference(ours: Dict[str, Tensor],
               literal: Dict[str, Tensor]) -> Tuple[float, float]:
    """Relative L2 error of all gradients together, and of the worst one
    among those that are not zero."""
    assert ours.keys() == literal.keys()
    errors = {k: (ours[k] - literal[k]).norm() for k in ours}
    norms = {k: literal[k].norm() for k in ours}
    total = torch.stack([*norms.values()]).norm()
    worst = max((errors[k] / norms[k]).item() for k in ours
                if norms[k] > 1e-6 * total)
    return (torch.stack([*errors.values()]).norm() / total).item(), worst


def machine(device: str) -> str:
    """What the figures were taken on."""
    if device.startswith('cuda'):
        return f'{torch.cuda.get_device_name()}, torch {torch.__version__}'
    return (f'{processor()}, {torch.get_num_threads()} threads, '
            f'torch {torch.__version__}')


def processor() -> str:
    """Name of the processor."""
    try:
        with open('/proc/cpuinfo') as file:
            return next(line.split(':')[1].strip() for line in file
                        if line.startswith('model name'))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
