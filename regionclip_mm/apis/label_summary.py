"""Counts what was labelled."""
from typing import List

import numpy as np

from ..io.region_label_reader import RegionLabels
from ..io.region_labels import side_file


class Summary:
    """What is in files of region labels, as numbers."""

    def __init__(self) -> None:
        self.images, self.regions, self.seconds = 0, 0, 0.
        self.rest_sum, self.rest_max = 0., 0.
        self.problems: List[str] = []
        self.bytes = [0, 0]

    def add(self, labels: RegionLabels) -> None:
        """Count a pair of files."""
        about = labels.about
        self.problems += about['problems']
        self.seconds += about.get('seconds', 0)  # only parts have it
        self.images += len(labels.images)
        self.regions += len(labels)
        for number, path in enumerate((labels.path, side_file(labels.path))):
            self.bytes[number] += path.stat().st_size
        for image in labels:
            rest = np.exp(image.rows['log_rest'].astype(np.float64))
            self.rest_sum += rest.sum()
            self.rest_max = max(self.rest_max, rest.max(initial=0))

    def __str__(self) -> str:
        regions, images = max(self.regions, 1), max(self.images, 1)
        return (
            f'{self.images} images, {self.regions} regions, '
            f'{self.bytes[0] / regions:.0f} + {self.bytes[1] / regions:.0f} '
            'bytes per region (json + npy); outside of the best concepts is '
            f'{self.rest_sum / regions:.2g} of the probability on average, '
            f'{self.rest_max:.2g} at most'
            + (f'; {self.seconds / images:.3f} s per image'
               if self.seconds else ''))
