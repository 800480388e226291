"""Stopwatch and memory gauge of the benchmarks."""
import platform
import threading
import time
from collections import defaultdict
from contextlib import contextmanager
from typing import Iterator

import psutil
import torch


class Meter:
    """Adds up seconds by stage; watches the peak of memory if asked to.

    Args:
        device: 'cpu' or 'cuda'.
        watch_memory: Follow the memory until :meth:`close`.
    """

    def __init__(self, device: str, watch_memory: bool = False) -> None:
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
        start = time.perf_counter()
        yield
        self._wait()
        self.seconds[stage] += time.perf_counter() - start

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
