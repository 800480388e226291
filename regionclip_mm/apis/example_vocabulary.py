"""A vocabulary of what things look like, instead of what they are called."""
from collections import defaultdict
from typing import Callable, Dict, List, Optional, Sequence, Tuple

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from ..text import Vocabulary
from .example_files import Example, Examples
from .region_features import embed_boxes
from .region_inferencer import RegionInferencer
from .weight_hashes import encoder_hash

STEPS, MOST = 40, 3.0  # of the bisection, and its upper end
BESIDE = 0.3  # a proposal of something else has no more of it in an example

Embedded = Dict[str, Tensor]  # name -> (n, D), normalised


def embed_examples(detect: RegionInferencer, examples: Examples,
                   progress: Callable = iter) -> Embedded:
    """Embed the examples of each name, an image at a time.

    Args:
        detect: Whose region encoder is used.
        examples: Of :func:`.example_files.read_examples`.
        progress: Wraps the list of images, to show how far they are.

    Returns:
        For each name normalised region embeddings (n, D).

    Raises:
        ValueError: Naming an image that cannot be read, or whose box has no
            area inside of it.
    """
    places: Dict[str, List[Tuple[str, Example]]] = defaultdict(list)
    for name, found in examples.items():
        for example in found:
            places[example.image].append((name, example))
    rows: Dict[str, List[Tensor]] = {name: [] for name in examples}
    for path in progress(list(places)):
        for (name, _), row in zip(places[path], _embed(
                detect, path, [one for _, one in places[path]])):
            rows[name].append(row)
    return {name: normalize(torch.stack(found))
            for name, found in rows.items()}


def _embed(detect: RegionInferencer, path: str,
           examples: Sequence[Example]) -> Tensor:
    """Region embeddings (N, D) of examples in one image."""
    if None in [example.box for example in examples]:
        return embed_boxes(detect, path).expand(len(examples), -1)
    try:
        return embed_boxes(detect, path, [one.box for one in examples])
    except ValueError as error:
        reason = str(error)
        raise ValueError(reason if path in reason else
                         f'{path}: {reason}') from None


def vocabulary_of_examples(embedded: Embedded,
                           words: Optional[Vocabulary] = None,
                           around: Optional[Tensor] = None,
                           meta: Optional[dict] = None) -> Vocabulary:
    """The mean of each name's examples, perhaps with words.

    Without words the embedding of a name is the mean of its normalised
    examples. A name that has both gets the mean of the two, normalised.

    Images are more like images than like words: where some names have words
    alone, an example would beat every word. There examples are levelled: as
    much of what all examples have in common is taken away as makes a name as
    similar, on average, to the examples of other names as a word is.

    Args:
        embedded: Of :func:`embed_examples`.
        words: Of names, other ones or the same; they come last.
        around: Regions (M, D) of something else, normalised: needed to level
            the examples of a single name, which has no other ones.
        meta: Of :func:`meta_of`.
    """
    names = (*embedded, *(name for name in (words.names if words else ())
                          if name not in embedded))
    means = {name: normalize(found.mean(0), dim=0)
             for name, found in embedded.items()}
    texts = dict(zip(words.names, normalize(words.embeddings.float()))
                 ) if words else {}
    rows = {name: normalize(mean + texts[name], dim=0) if name in texts
            else mean for name, mean in means.items()}
    alone = [texts[name] for name in names if name not in embedded]
    if alone:
        rows = _levelled(rows, embedded, torch.stack(alone), around)
    counts = {name: len(found) for name, found in embedded.items()}
    return Vocabulary(names, torch.stack([
        rows[name] if name in rows else texts[name] for name in names]),
        dict(meta or {}, examples=counts))


def meta_of(model: nn.Module) -> Dict[str, str]:
    """What a vocabulary of examples is noted to belong to.

    Args:
        model: The detector that embeds them.
    """
    arch = getattr(model.backbone, 'arch', None)
    return dict(encoder_sha256=encoder_hash(model),
                **(dict(arch=arch) if arch else {}))


def _levelled(rows: Dict[str, Tensor], embedded: Embedded, words: Tensor,
              around: Optional[Tensor]) -> Dict[str, Tensor]:
    """Names' embeddings (D,) that compare with those of words (W, D)."""
    others = {name: [found for other, found in embedded.items()
                     if other != name] for name in embedded}
    if len(embedded) == 1:
        if around is None or not len(around):
            raise ValueError(
                'one name with examples cannot be mixed with words: nothing '
                'else is known to compare them by. Give examples of another '
                'name, too, or boxes in images with other things around')
        others = {name: [around] for name in embedded}
    every = torch.cat([*embedded.values(), *([around] if len(
        embedded) == 1 else [])])
    common, level = normalize(every.mean(0), dim=0), (every @ words.T).mean()
    return {name: _at_level(row, common, torch.cat(others[name]), level)
            for name, row in rows.items()}


def _at_level(row: Tensor, common: Tensor, others: Tensor,
              level: Tensor) -> Tensor:
    """``row`` less so much of ``common`` (both (D,)) that its mean cosine
    with ``others`` (M, D) is ``level``, normalised."""
    low, high = 0.0, MOST
    for _ in range(STEPS):
        middle = (low + high) / 2
        found = normalize(row - middle * common, dim=0)
        low, high = ((middle, high) if (others @ found).mean() > level
                     else (low, middle))
    return found


def embed_around(detect: RegionInferencer,
                 examples: Sequence[Example]) -> Tensor:
    """Normalised embeddings (M, D) of the config's proposals beside the
    examples of a name, in their images; beside a whole image there are none.
    """
    boxes: Dict[str, list] = defaultdict(list)
    for example in examples:
        boxes[example.image].append(example.box)
    found = []
    for path, own in boxes.items():
        if None not in own:
            regions = detect.region_features(path)
            inside = share_inside(regions.boxes, torch.tensor(own))
            found.append(regions.features[(inside <= BESIDE).all(1)])
    return normalize(torch.cat(found)) if found else torch.zeros(0, 0)


def share_inside(boxes: Tensor, others: Tensor) -> Tensor:
    """How much of each box (N, 4) lies in each other one (M, 4), from 0 to
    1 (N, M)."""
    low = torch.maximum(boxes[:, None, :2], others[None, :, :2])
    high = torch.minimum(boxes[:, None, 2:], others[None, :, 2:])
    common = (high - low).clamp(min=0).prod(-1)
    return common / (boxes[:, 2:] - boxes[:, :2]).prod(-1, keepdim=True)
