"""Embeddings of regions of an image, with what a vocabulary says of them."""
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, List, Optional, Sequence, Tuple, Union

import numpy as np
import torch
from mmengine.structures import InstanceData
from torch import Tensor, nn

from ..checkpoint.embeddings import names_from_text
from ..models.detectors import RegionCLIP
from ..text import Vocabulary
from .image_loading import ImageInput
from .texts import Words, names_per_image, opened
from .word_cache import encode_all, using

if TYPE_CHECKING:  # which imports this file
    from .region_inferencer import RegionInferencer

Boxes = Union[Tensor, np.ndarray, Sequence[Sequence[float]]]


@dataclass(frozen=True, eq=False)
class RegionFeatures:
    """Regions of one image; all tensors are on the CPU in float32.

    Attributes:
        boxes: (N, 4), (x1, y1, x2, y2) in original pixels.
        objectness: (N,), probabilities; 1 for boxes that were given.
        features: Region embeddings (N, D) as they enter the text classifier,
            not normalised.
        names: The K class names, or none.
        probabilities: Of the names, (N, K); what is missing to 1 is that of
            the background. Before fusion with objectness. None without names.
    """
    boxes: Tensor
    objectness: Tensor
    features: Tensor
    names: Tuple[str, ...] = ()
    probabilities: Optional[Tensor] = None

    def __len__(self) -> int:
        return len(self.boxes)

    @property
    def labels(self) -> Optional[Tensor]:
        """Number of the most probable name (N,), or None without names."""
        if self.probabilities is None:
            return None
        return self.probabilities.argmax(1)

    def top(self, k: int = 5) -> List[List[Tuple[str, float]]]:
        """The most probable words of each region.

        Args:
            k: Words of a region; with fewer names, all.

        Returns:
            For each region (name, probability), best first.

        Raises:
            ValueError: If there is no vocabulary, or k is not positive.
        """
        if self.probabilities is None:
            raise ValueError('there are no words to choose from: give texts '
                             'or vocabulary to region_features')
        if k < 1:
            raise ValueError(f'k={k}: give a positive number of words')
        best = self.probabilities.topk(min(k, len(self.names)))
        return [[(self.names[i], value) for i, value in zip(*row)]
                for row in zip(best.indices.tolist(), best.values.tolist())]


def region_features(detect: 'RegionInferencer',
                    image: ImageInput,
                    boxes: Optional[Boxes] = None,
                    *,
                    texts: Optional[str] = None,
                    vocabulary: Union[Vocabulary, Words, None] = None,
                    custom_entities: bool = False) -> RegionFeatures:
    """Embed regions of one image; a method of :class:`RegionInferencer`.

    Args:
        detect: The inferencer.
        image: Path, array (BGR) or PIL image.
        boxes: Regions (N, 4), (x1, y1, x2, y2) in original pixels, cut off at
            the image's border; N may be 0. By default the proposals of the
            config, before any suppression by words.
        texts, vocabulary, custom_entities: As of a call of the inferencer;
            without words, those of the config, or none.

    Raises:
        ImageError: If the image cannot be read.
        ValueError: If boxes have another shape, are not finite, or one has
            no area inside of the image.
    """
    need_regionclip(detect.model, 'region features')
    vocabulary = opened(vocabulary)
    names = names_per_image(texts, vocabulary, 1, custom_entities)
    if not isinstance(vocabulary, Vocabulary):
        vocabulary = encode_all(detect.model, names, detect.words)
    batch = network_input(detect, image)
    [sample] = batch['data_samples']
    with using(detect.model, vocabulary):
        regions = (propose(detect.model, batch) if boxes is None else
                   given(check_region_boxes(boxes, *sample.ori_shape[:2])))
        return encode(detect.model, batch, regions)


def need_regionclip(model: nn.Module, what: str) -> None:
    """Raise unless a detector encodes regions of any source.

    Args:
        model: The detector.
        what: Needs it, for the message.

    Raises:
        ValueError: Naming what it is.
    """
    if not isinstance(model, RegionCLIP):
        raise ValueError(f"model.type={type(model).__name__!r}: only a "
                         f'RegionCLIP can be used for {what}')


def network_input(detect: 'RegionInferencer', image: ImageInput) -> dict:
    """``inputs`` (1, 3, H, W), normalised, and ``data_samples`` of an image.

    Raises:
        ImageError: If it cannot be read.
    """
    [[(_, data)]] = detect._feed.batches([image], 1)
    return detect.model.data_preprocessor(detect.collate_fn([data]), False)


def given(boxes: Tensor) -> InstanceData:
    """Regions of boxes (N, 4) in original pixels, objectness 1."""
    return InstanceData(bboxes=boxes, scores=torch.ones(len(boxes)))


@torch.no_grad()
def propose(model: nn.Module, batch: dict) -> InstanceData:
    """The config's proposals for one image.

    Args:
        model: The detector.
        batch: Of :func:`network_input`.

    Returns:
        ``bboxes`` (N, 4) in original pixels, ``scores`` (N,), objectness.
    """
    [sample] = batch['data_samples']
    model.proposal_source.fill(batch['inputs'], [sample],
                               model.data_preprocessor)
    found = sample.proposals.cpu()
    return InstanceData(bboxes=found.bboxes / scale_of_boxes(sample),
                        scores=found.scores)


@torch.no_grad()
def encode(model: nn.Module, batch: dict,
           regions: InstanceData) -> RegionFeatures:
    """Embed regions of one image, and classify them if there are words.

    Args:
        model: The detector.
        batch: Of :func:`network_input`.
        regions: ``bboxes`` (N, 4) in original pixels, ``scores`` (N,).
    """
    boxes = regions.bboxes.float()
    features = embed(model, batch, boxes)
    vocabulary, probabilities = model.vocabulary, None
    if vocabulary is not None:
        probabilities = model.classify_regions(features)[:, :-1].cpu()
    return RegionFeatures(
        boxes, regions.scores.float(), features.float().cpu(),
        vocabulary.names if vocabulary else (), probabilities)


@torch.no_grad()
def embed(model: nn.Module, batch: dict, boxes: Tensor) -> Tensor:
    """Region embeddings (N, D), not normalised, on the model's device.

    Args:
        model: The detector.
        batch: Of :func:`network_input`.
        boxes: (N, 4) in original pixels, within the image.
    """
    [sample] = batch['data_samples']
    return model.encode_regions(
        batch['inputs'],
        [(boxes * scale_of_boxes(sample)).to(batch['inputs'])])


def embed_boxes(detect: 'RegionInferencer', image: ImageInput,
                boxes: Optional[Boxes] = None) -> Tensor:
    """Embed boxes of an image; no vocabulary is asked for.

    Args:
        detect: The inferencer.
        image: Path, array (BGR) or PIL image.
        boxes: (N, 4) in original pixels; by default one, the whole image.

    Returns:
        Region embeddings (N, D), not normalised, on the CPU.

    Raises:
        ImageError: If the image cannot be read.
        ValueError: As of :func:`region_features`.
    """
    need_regionclip(detect.model, 'region features')
    batch = network_input(detect, image)
    height, width = batch['data_samples'][0].ori_shape[:2]
    checked = check_region_boxes(
        [[0, 0, width, height]] if boxes is None else boxes, height, width)
    return embed(detect.model, batch, checked).float().cpu()


def scale_of_boxes(sample: Any) -> Tensor:
    """Network pixels for one of the original image: (x, y, x, y)."""
    return torch.tensor([*sample.scale_factor] * 2)


def check_region_boxes(boxes: Boxes, height: int, width: int) -> Tensor:
    """Boxes that can be embedded, cut off at the border of their image.

    Args:
        boxes: (N, 4), (x1, y1, x2, y2) in original pixels; N may be 0.
        height, width: Of the image, in pixels.

    Raises:
        ValueError: Saying which box is wrong, and why.
    """
    try:
        found = torch.as_tensor(boxes).detach().cpu().float()
    except (ValueError, TypeError, RuntimeError) as error:
        raise ValueError(f'boxes should be numbers (N, 4): {error}') from None
    if found.shape == (0, ):
        found = found.reshape(0, 4)
    if found.ndim != 2 or found.shape[1] != 4:
        raise ValueError(f'boxes have shape {tuple(found.shape)}: give (N, 4),'
                         ' x1, y1, x2, y2 in pixels of the original image')
    bad = (~found.isfinite().all(1)).nonzero().flatten().tolist()
    if bad:
        raise ValueError(f'box {bad[0]} is not finite: '
                         f'{found[bad[0]].tolist()}')
    clipped, empty = clip_boxes(found, height, width)
    if empty.any():
        row = int(empty.nonzero()[0])
        raise ValueError(
            f'box {row}, {found[row].tolist()}, has no area inside of the '
            f'image of {width} x {height} pixels: give x1 < x2 and y1 < y2')
    return clipped


def clip_boxes(boxes: Tensor, height: int,
               width: int) -> Tuple[Tensor, Tensor]:
    """Boxes (N, 4) within an image, and whether no area is left (N,)."""
    size = boxes.new_tensor([width, height] * 2)
    clipped = boxes.clamp(min=0).minimum(size)
    return clipped, (clipped[:, 2:] <= clipped[:, :2]).any(1)


def vocabulary_of(detect: 'RegionInferencer',
                  words: Optional[Sequence[str]]) -> Optional[Vocabulary]:
    """The vocabulary that a command line asks for.

    Args:
        detect: Whose text tower encodes names.
        words: Class names; one vocabulary file (``*.pth``), or text file with
            a name a line (``*.txt``); or None for the words of the config, if
            it has any.

    Raises:
        ValueError: If it is of another CLIP, for example.
    """
    need_regionclip(detect.model, 'region features')
    if words is None:
        return detect.model.vocabulary
    found: Any = list(words)
    if len(found) == 1 and found[0].lower().endswith(('.pth', '.txt')):
        found = (opened(found[0]) if found[0].lower().endswith('.pth')
                 else names_from_text(found[0]))
    if not isinstance(found, Vocabulary):
        found = encode_all(detect.model, names_per_image(None, found, 1),
                           detect.words)
    with using(detect.model, found):  # which checks the size
        detect.model.classify_regions(torch.zeros(
            0, found.embed_dim, device=next(detect.model.parameters()).device))
    return found
