"""Several processes that extract region features, each with its device."""
import multiprocessing
from queue import Empty
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence

import numpy as np
import torch

from ..io.feature_folder import FeatureFolder
from ..text import Vocabulary
from .feature_extraction import FeatureExtractor
from .feature_sources import RegionSource
from .open_detector import DetectorFiles, open_detector
from .region_inferencer import RegionInferencer

PATIENCE = 2.0  # seconds between looks at who is still alive


class Work(NamedTuple):
    """What a process has to be told.

    Attributes:
        files: Of the detector; ``device`` is set for each process.
        names, embeddings, meta: Of the vocabulary, or None, None, {}.
        source: Of regions.
        parts: Name -> paths of its images.
        out: The folder, which is there.
    """
    files: DetectorFiles
    names: Optional[Sequence[str]]
    embeddings: Optional[np.ndarray]
    meta: Dict[str, Any]
    source: RegionSource
    parts: Dict[str, List[str]]
    out: str

    def extractor(self, detect: Optional[RegionInferencer] = None
                  ) -> FeatureExtractor:
        """What does it, with a detector that is there or one of its own."""
        vocabulary = None
        if self.names is not None:
            vocabulary = Vocabulary(
                self.names, torch.from_numpy(self.embeddings), self.meta)
        return FeatureExtractor(
            detect or open_detector(self.files), vocabulary, self.source,
            self.parts, FeatureFolder(self.out))


def run_processes(work: Work, devices: Sequence[str],
                  names: Sequence[str]) -> Iterator[int]:
    """Extract parts in several processes; they end with this one.

    Args:
        work: What to do.
        devices: One for each process.
        names: Of the parts to extract.

    Yields:
        1 after each image of any process.

    Raises:
        RuntimeError: If one ends too early, with its reason.
    """
    context = multiprocessing.get_context('spawn')
    queue, count = context.Queue(), min(len(devices), len(names))
    workers = [context.Process(
        target=_work, args=(work._replace(files=work.files._replace(
            device=device)), names[number::count], queue), daemon=True)
        for number, device in enumerate(devices[:count])]
    try:
        for worker in workers:
            worker.start()
        while count:
            found = _next(queue, workers)
            if isinstance(found, str):
                raise RuntimeError(found)
            count -= not found
            if found:
                yield found
    finally:
        for worker in workers:
            worker.terminate()
            worker.join()


def _next(queue: Any, workers: Sequence[Any]) -> Any:
    while True:
        try:
            return queue.get(timeout=PATIENCE)
        except Empty:
            ended = [worker.exitcode for worker in workers if worker.exitcode]
            if ended:
                raise RuntimeError(
                    f'a process ended with the code {ended[0]} (-9: it was '
                    'killed, perhaps for want of memory: give fewer '
                    '--processes); the same command goes on') from None


def _work(work: Work, names: Sequence[str], queue: Any) -> None:
    """Runs in a process of its own: 1 after each image, 0 at the end, or
    what went wrong."""
    try:
        for done in work.extractor().run(names):
            queue.put(done)
            if not multiprocessing.parent_process().is_alive():
                return
        queue.put(0)
    except KeyboardInterrupt:
        pass
    except Exception as error:
        queue.put(f'{type(error).__name__}: {error}')
