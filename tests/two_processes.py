"""Functions that run on two processes at once, over gloo."""
import os
from functools import partial
from pathlib import Path
from typing import Any, Callable, List

import torch
from toy_training import start


def on_two(function: Callable[[int], Any], folder: Path) -> List[Any]:
    """What a function of the rank returns on each process.

    Args:
        function: May use torch.distributed; returns what torch.save takes.
        folder: For the store, the log and the results.
    """
    log = folder / 'printed.txt'
    pids = [start(partial(_run, function, rank, folder), log)
            for rank in range(2)]
    for pid in pids:
        assert os.waitpid(pid, 0)[1] == 0, log.read_text()[-3000:]
    return [torch.load(folder / f'{rank}.pt') for rank in range(2)]


def _run(function: Callable[[int], Any], rank: int, folder: Path) -> None:
    torch.distributed.init_process_group(
        'gloo', f'file://{folder}/store', rank=rank, world_size=2)
    torch.save(function(rank), folder / f'{rank}.pt')
    torch.distributed.barrier()
