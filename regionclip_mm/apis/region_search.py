"""Finds regions in a folder of features by words or by an example."""
from typing import List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor

from ..io.feature_columns import Columns
from ..io.feature_folder import FeatureFolder
from ..io.feature_index import FeatureIndex, open_index
from .image_loading import ImageInput
from .region_features import embed_boxes
from .region_inferencer import RegionInferencer
from .selection import distinct
from .weight_hashes import encoder_hash


class Found(NamedTuple):
    """A region that was found.

    Attributes:
        image: Path of its image.
        box: (x1, y1, x2, y2) in original pixels.
        similarity: Cosine with the query.
        label: Its class when it was extracted, or ''.
    """
    image: str
    box: Tuple[float, float, float, float]
    similarity: float
    label: str


class RegionSet:
    """Regions among which the nearest are found.

    Args:
        index: Of their features.
        rows: ``image`` (N,), ``box`` (N, 4) in original pixels and ``class``
            (N,) of each.
    """

    def __init__(self, index: FeatureIndex, rows: Columns) -> None:
        self.index, self.rows = index, rows

    def __len__(self) -> int:
        return len(self.index)

    def nearest(self, query: Tensor, top: int = 20,
                candidates: int = 20) -> List[Found]:
        """Regions nearest to an embedding, best first.

        Args:
            query: (D,), not normalised.
            top: How many, at most.
            candidates: For each, so many of the nearest are looked at; those
                that lie in a better one of the same image are left out, as
                there are many proposals around one thing. 1: none is.
        """
        numbers, similarities = self.index.search(
            query.numpy(), top * candidates)
        if candidates > 1:
            kept = self._distinct(numbers)
            numbers, similarities = numbers[kept], similarities[kept]
        rows = {name: column[numbers[:top]].tolist()
                for name, column in self.rows.items()}
        return [Found(image, tuple(box), value, label)
                for image, box, label, value in zip(
                    rows['image'], rows['box'], rows['class'],
                    similarities.tolist())]

    def _distinct(self, numbers: np.ndarray) -> np.ndarray:
        """Places among these rows, best first, of those to keep."""
        _, images = np.unique(self.rows['image'][numbers],
                              return_inverse=True)
        boxes = torch.from_numpy(self.rows['box'][numbers]).double()
        # Image by image: all together would be compared with each other.
        ends = np.bincount(images).cumsum()[:-1]
        groups = np.split(images.argsort(kind='stable'), ends)
        return np.sort(np.concatenate(
            [group[distinct(boxes[group]).numpy()] for group in groups]))


class RegionSearch:
    """A folder of features, to be searched by words or by examples.

    Args:
        folder: Complete; its index is made now if need be.
        detect: The detector that the features are of.

    Attributes:
        regions: Of the folder.

    Raises:
        ValueError: If they are of other weights, or there are none.
    """

    def __init__(self, folder: FeatureFolder,
                 detect: RegionInferencer) -> None:
        there = folder.about['job']['weights']['encoder_sha256']
        if there != encoder_hash(detect.model):
            raise ValueError(
                f'the features in {folder.root} are of other weights than '
                'these, so they cannot be compared: give the config and the '
                'weights that they were extracted with')
        self.detect = detect
        self.regions = RegionSet(open_index(folder), folder.read(
            ['image', 'box', 'class']))

    def by_text(self, query: str, top: int = 20) -> List[Found]:
        """Regions most like what a sentence says, best first.

        Args:
            query: As a caption would say it.
            top: How many, at most.

        Raises:
            ValueError: If it is empty or too long.
            RuntimeError: If the detector has no text encoder.
        """
        return self.regions.nearest(embed_text(self.detect, query), top)

    def by_image(self, image: ImageInput,
                 box: Optional[Sequence[float]] = None,
                 top: int = 20) -> List[Found]:
        """Regions most like an example, best first.

        Args:
            image: Path, array (BGR) or PIL image.
            box: What of it is meant, (x1, y1, x2, y2) in its pixels; by
                default all.
            top: How many, at most.

        Raises:
            ImageError: If it cannot be read.
        """
        return self.regions.nearest(embed_image(self.detect, image, box), top)


@torch.no_grad()
def embed_text(detect: RegionInferencer, query: str) -> Tensor:
    """Embedding (D,) of a sentence as it is, without a prompt around it.

    Raises:
        ValueError: If it is empty, or longer than the text tower reads.
        RuntimeError: If the detector has no text encoder.
    """
    encoder = detect.model.text_encoder
    if encoder is None:
        raise RuntimeError('the config has no model.text_encoder, so words '
                           'cannot be searched for: give an --image')
    check_query(query, encoder.tokenizer)
    return encoder.encode([query])[0].float().cpu()


def check_query(query: str, tokenizer: torch.nn.Module) -> None:
    """Raise unless a text can be searched for.

    Args:
        query: The text.
        tokenizer: Of the text tower.
    """
    if not query.strip():
        raise ValueError('the query is empty: write what to look for, for '
                         "example 'a red car'")
    count, room = len(tokenizer.words_to_ids(query)), tokenizer.context_length
    if count + 2 > room:
        raise ValueError(
            f'the query has {count + 2} tokens with start and end, the text '
            f'tower reads {room}: shorten it, or search for its parts')


def embed_image(detect: RegionInferencer, image: ImageInput,
                box: Optional[Sequence[float]] = None) -> Tensor:
    """Embedding (D,) of an image, or of a box (x1, y1, x2, y2) in it.

    Raises:
        ImageError: If it cannot be read.
        ValueError: If the box is none, or outside of the image.
    """
    return embed_boxes(detect, image, None if box is None else [box])[0]
