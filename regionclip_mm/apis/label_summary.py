"""Counts what was labelled."""
from pathlib import Path
from typing import List

from ..io.files import PathLike
from ..io.region_label_index import LabelHead
from ..io.region_labels import index_file, side_file


class Summary:
    """What is in files of region labels, as numbers."""

    def __init__(self) -> None:
        self.images, self.regions, self.seconds = 0, 0, 0.
        self.rest_sum, self.rest_max = 0., 0.
        self.problems: List[str] = []
        self.bytes = [0, 0, 0]

    def add(self, path: PathLike, head: LabelHead) -> None:
        """Count a set of files; only their sizes are looked at.

        Args:
            path: ``NAME.json``.
            head: What the index says of them.
        """
        about = head.about
        self.problems += about['problems']
        self.seconds += about.get('seconds', 0)  # only parts have it
        self.images += about['images']
        self.regions += about['regions']
        self.rest_sum += about['rest_sum']
        self.rest_max = max(self.rest_max, about['rest_max'])
        for number, size in enumerate(sizes_of(path)):
            self.bytes[number] += size

    def __str__(self) -> str:
        regions, images = max(self.regions, 1), max(self.images, 1)
        json, side, index = self.bytes
        return (
            f'{self.images} images, {self.regions} regions, '
            f'{json / regions:.0f} + {side / regions:.0f} bytes per region '
            f'(json + npy), {index / images:.0f} per image (index); outside '
            f'of the best concepts is {self.rest_sum / regions:.2g} of the '
            f'probability on average, {self.rest_max:.2g} at most'
            + (f'; {self.seconds / images:.3f} s per image'
               if self.seconds else ''))


def sizes_of(path: PathLike) -> List[int]:
    """Bytes of ``NAME.json``, ``NAME.npy`` and the index."""
    return [file.stat().st_size
            for file in (Path(path), side_file(path), index_file(path))]
