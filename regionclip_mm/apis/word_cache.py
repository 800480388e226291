"""Embeddings of names, kept in memory so that each is encoded once."""
import hashlib
import json
from collections import OrderedDict
from contextlib import contextmanager
from itertools import chain
from typing import Callable, Iterator, Optional, Sequence, Tuple

import torch
from torch import Tensor, nn

from ..text import Vocabulary, encode_vocabulary
from ..text.checks import check_names
from ..text.prompts import Templates, get_templates
from .weight_hashes import encoder_hash


class WordCache:
    """Embeddings of the names that were used last, in memory.

    A name is encoded again only if the weights of the encoder or the
    templates have changed, or if it was not used for long.

    Args:
        capacity: Number of names to keep; 4 kB each with CLIP's RN50.
    """

    def __init__(self, capacity: int = 10000) -> None:
        self.capacity = capacity
        self._rows: 'OrderedDict[Tuple[str, str], Tensor]' = OrderedDict()

    def vocabulary(self, names: Sequence[str], encoder: nn.Module,
                   templates: Templates, chunked_size: int = -1,
                   progress: Callable = iter) -> Vocabulary:
        """Embed names, those that are not known yet in one go or in chunks.

        Args:
            names: K different class names.
            encoder: A :class:`CLIPTextEncoder` with weights.
            templates: See :func:`encode_vocabulary`.
            chunked_size: Names to encode at a time; not positive: all. What
                a chunk gave is kept if a later one is interrupted.
            progress: See :func:`encode_vocabulary`.

        Returns:
            Embeddings (K, D) on the CPU, not normalised.
        """
        names, templates = check_names(names), get_templates(templates)
        space = _space(encoder, templates)
        unknown = [name for name in names if (space, name) not in self._rows]
        size = chunked_size if chunked_size > 0 else max(len(unknown), 1)
        for start in range(0, len(unknown), size):
            part = encode_vocabulary(unknown[start:start + size], encoder,
                                     templates, progress)
            for name, row in zip(part.names, part.embeddings):
                self._rows[space, name] = row.clone()
        rows = [self._use((space, name)) for name in names]
        while len(self._rows) > self.capacity:
            self._rows.popitem(last=False)
        return Vocabulary(names, torch.stack(rows), dict(
            arch=encoder.arch, text_encoder=encoder.fingerprint(),
            templates=list(templates)))

    def __len__(self) -> int:
        return len(self._rows)

    def _use(self, key: Tuple[str, str]) -> Tensor:
        self._rows.move_to_end(key)
        return self._rows[key]


def _space(encoder: nn.Module, templates: Sequence[str]) -> str:
    """What embeddings of the same name have in common, as a hash."""
    text = json.dumps([encoder.fingerprint(), list(templates)])
    return hashlib.sha256(text.encode()).hexdigest()


def encode_names(model: nn.Module, names: Sequence[str], cache: WordCache,
                 **options) -> Vocabulary:
    """Vocabulary of ``names`` for a detector.

    Without a text encoder the names must be among those of the config's
    vocabulary.
    """
    if model.text_encoder is not None:
        return cache.vocabulary(names, model.text_encoder,
                                model.prompt_templates, **options)
    if model.vocabulary is not None:
        return model.vocabulary.select(names)
    raise ValueError(
        f'{list(names[:3])} cannot be encoded: the config has neither '
        'model.text_encoder (its weights come with the --clip option of '
        'tools/model_converters) nor a vocabulary')


def encode_all(model: nn.Module, names: Sequence[Tuple[str, ...]],
               cache: WordCache, chunked_size: Optional[int] = None,
               progress: Callable = iter) -> Optional[Vocabulary]:
    """Encode all names of a call, before its first image.

    Args:
        model: The detector.
        names: The names for each image, or nothing.
        cache: Where the embeddings are kept.
        chunked_size: Names to encode at a time, by default
            ``test_cfg.chunked_size`` or all.
        progress: See :func:`encode_vocabulary`.

    Returns:
        The vocabulary, if it is the same for all images.
    """
    if chunked_size is None:
        chunked_size = model.test_cfg.get('chunked_size', -1)
    groups = list(dict.fromkeys(names))
    shared = len(groups) == 1
    if groups and model.text_encoder is not None:
        groups = [tuple(dict.fromkeys(chain.from_iterable(groups)))]
    encoded = [encode_names(model, group, cache, chunked_size=chunked_size,
                            progress=progress) for group in groups]
    return encoded[0] if shared else None


@contextmanager
def using(model: nn.Module, vocabulary: Optional[Vocabulary]
          ) -> Iterator[None]:
    """Detect with another vocabulary for a while; None changes nothing.

    Raises:
        ValueError: If it is of example images that other weights embedded.
    """
    if vocabulary is None:
        yield
        return
    of = vocabulary.meta.get('encoder_sha256')
    if of and of != encoder_hash(model):
        raise ValueError(
            'the vocabulary is of example images, embedded by other weights '
            'than those of the detector: make it anew with '
            'tools/build_vocabulary_from_images.py')
    before = [layer.test_source for layer in model.classifiers]
    try:
        model.set_vocabulary(vocabulary)
        yield
    finally:
        for layer, source in zip(model.classifiers, before):
            layer.set_test_vocabulary(source)
