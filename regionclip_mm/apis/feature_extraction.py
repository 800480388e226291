"""Extracts region features of images, part by part."""
import zlib
from typing import Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

import torch

from ..io.feature_columns import Columns, joined_columns, make_columns
from ..io.feature_folder import FeatureFolder
from ..text import Vocabulary
from .feature_sources import Chosen, RegionSource
from .image_loading import ImageError
from .region_features import RegionFeatures, encode, network_input
from .region_inferencer import RegionInferencer
from .word_cache import using


def divided(images: Sequence[str], size: int) -> Dict[str, List[str]]:
    """Parts by name, in order: some images one after the other.

    Args:
        images: Paths.
        size: Images in a part.
    """
    return {f'{start:09}': list(images[start:start + size])
            for start in range(0, len(images), size)}


class FeatureExtractor:
    """Fills a folder of features.

    Args:
        detect: With its weights.
        vocabulary: Of the classes; None for that of the config, if any.
        source: Of regions.
        parts: Name -> paths of its images.
        folder: Where the parts go.
    """

    def __init__(self, detect: RegionInferencer,
                 vocabulary: Optional[Vocabulary], source: RegionSource,
                 parts: Mapping[str, Sequence[str]],
                 folder: FeatureFolder) -> None:
        self.detect, self.vocabulary = detect, vocabulary
        self.source, self.parts, self.folder = source, parts, folder

    def run(self, names: Sequence[str]) -> Iterator[int]:
        """Extract and write parts.

        Args:
            names: Of the parts.

        Yields:
            1 after each image.

        Raises:
            ValueError: If features are not finite.
        """
        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # the same sums in any number of processes
        try:
            with using(self.detect.model, self.vocabulary):
                for name in names:
                    yield from self._part(name)
        finally:
            torch.set_num_threads(threads)

    def _part(self, name: str) -> Iterator[int]:
        torch.manual_seed(zlib.crc32(name.encode()))  # of random boxes
        rows, images, problems, skipped = [], [], [], 0
        for path in self.parts[name]:
            try:
                columns, problem = self._image(path)
            except ImageError as error:
                problem, skipped = str(error), skipped + 1
            else:
                rows.append(columns)
                images.append(path)
            problems += [problem] if problem else []
            yield 1
        dim = self.folder.about['dim']
        self.folder.write(name, joined_columns(rows, dim), images, problems,
                          skipped)

    def _image(self, path: str) -> Tuple[Columns, Optional[str]]:
        batch = network_input(self.detect, path)
        chosen = self.source(self.detect.model, batch, path)
        found = encode(self.detect.model, batch, chosen.regions)
        if not found.features.isfinite().all():
            raise ValueError(f'{path} has features that are not finite (NaN '
                             'or infinite): are the weights right?')
        return columns_of(path, found, chosen), chosen.problem


def columns_of(path: str, found: RegionFeatures, chosen: Chosen) -> Columns:
    """Rows of one image.

    Args:
        path: Of the image.
        found: Its features.
        chosen: The regions they are of; detections keep their class.
    """
    count, regions = len(found), chosen.regions
    classes, probabilities = [''] * count, [float('nan')] * count
    if 'labels' in regions:
        labels, best = regions.labels, regions.class_scores
    elif found.probabilities is not None:
        best, labels = found.probabilities.max(1)
    if found.names:
        classes = [found.names[label] for label in labels.tolist()]
        probabilities = best.tolist()
    return make_columns(found.features.shape[1], **{
        'image': [path] * count, 'box': found.boxes.numpy(),
        'objectness': found.objectness.numpy(), 'class': classes,
        'probability': probabilities, 'feature': found.features.numpy()})
