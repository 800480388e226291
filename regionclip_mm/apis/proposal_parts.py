"""Extracts proposals part by part, so that an interrupted run goes on."""
import hashlib
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator

from mmengine.dataset import BaseDataset
from mmengine.fileio import dump
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import Subset

from ..datasets.proposal_files import read_proposals
from ..io.files import PathLike, written_whole
from .proposal_file import extract_proposals, two_images
from .weight_hashes import hash_of_weights

PART = 500  # images


def extract_in_parts(detector: nn.Module, dataset: BaseDataset,
                     loader: Dict[str, Any], out: PathLike,
                     scores: str = 'scores', settings: str = '',
                     advance: Callable[[int], Any] = int) -> int:
    """Run the proposal source of a detector over a dataset.

    Parts that are done are in ``OUT.parts`` until all are: a run that was
    killed, or found a bad image, goes on behind them. Those of other weights,
    images or settings are not taken.

    Args:
        detector: See :func:`extract_proposals`.
        dataset: With indices.
        loader: Config of a data loader, whose dataset does not count.
        out: File to write, see :func:`extract_proposals`.
        scores: See there.
        settings: What else the proposals depend on.
        advance: Told how many images are done, now and then.

    Returns:
        Number of images.

    Raises:
        ValueError: See :func:`extract_proposals`.
    """
    folder = Path(f'{out}.parts', _digest(
        scores, settings, hash_of_weights(detector.proposal_source),
        *map(_image, map(dataset.get_data_info, range(len(dataset))))))
    found: Dict[str, Any] = {}
    for first in range(0, len(dataset), PART):
        path = folder / f'{first:09d}.pkl'
        rows = range(first, min(first + PART, len(dataset)))
        if path.exists():
            advance(len(rows))
        else:
            batches = Runner.build_dataloader(dict(
                loader, dataset=Rows(dataset, rows)))
            extract_proposals(detector, _told(batches, advance), str(path),
                              scores)
        part = read_proposals(str(path))
        for name in found.keys() & part.keys():
            raise two_images(name)
        found.update(part)
    with written_whole(out) as partial:
        dump(found, str(partial), file_format='pkl')
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):  # has parts of another run
        folder.parent.rmdir()
    return len(found)


class Rows(Subset):
    """Some samples of a dataset, which is not copied."""

    def __deepcopy__(self, memo: dict) -> 'Rows':
        """Of mmengine, which copies what it builds a data loader from."""
        return self


def _digest(*words: str) -> str:
    digest = hashlib.sha256()
    for word in words:
        digest.update(f'{word}\n'.encode(errors='backslashreplace'))
    return digest.hexdigest()


def _image(info: Dict[str, Any]) -> str:
    return repr([info.get(key) for key in ('img_path', 'height', 'width')])


def _told(batches: Iterable[dict], advance: Callable[[int], Any]
          ) -> Iterator[dict]:
    for batch in batches:
        yield batch
        advance(len(batch['inputs']))
