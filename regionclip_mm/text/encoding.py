"""Names to a vocabulary, with a text encoder."""
import functools
import warnings
from collections import defaultdict
from typing import Callable, Iterable, Sequence

import torch
from torch import Tensor, nn

from ..io.wording import listed
from .checks import check_names
from .prompts import Templates, clean_class_name, fill_templates, get_templates
from .tokenizer import clean_text
from .vocabulary import Vocabulary

NAMES_PER_STEP = 8


def encode_vocabulary(
        names: Sequence[str],
        encoder: nn.Module,
        templates: Templates = 'clip81',
        progress: Callable[[Sequence], Iterable] = iter) -> Vocabulary:
    """Embed class names: the mean over prompts, not normalised.

    Parity: ``concept_embedding`` of ``g1_text_rn50``; neither the prompts nor
    their mean are normalised.

    Args:
        names: K different class names.
        encoder: A :class:`CLIPTextEncoder` with weights.
        templates: A key of ``TEMPLATE_SETS``, or a list of texts with ``{}``.
        progress: Wraps the list of steps, to show how far they are.

    Returns:
        The vocabulary, its embeddings (K, D) on the CPU in float32.

    Raises:
        ValueError: If names or templates cannot be used, or the weights of
            the encoder are not finite.
    """
    names, templates = check_names(names), get_templates(templates)
    prompts = [fill_templates(name, templates) for name in names]
    _warn_of_long_names(names, prompts, encoder.tokenizer)
    steps = [prompts[start:start + NAMES_PER_STEP]
             for start in range(0, len(prompts), NAMES_PER_STEP)]
    means = []
    for step in progress(steps):
        texts = [text for texts in step for text in texts]
        embeddings = encoder.encode(texts).float().cpu()
        _check_finite(embeddings, encoder)
        means.append(embeddings.view(len(step), len(templates), -1).mean(1))
    return Vocabulary(names, torch.cat(means), dict(
        arch=encoder.arch, text_encoder=encoder.fingerprint(),
        templates=list(templates)))


def warn_of_same_words(names: Sequence[str]) -> None:
    """Warn of names that CLIP cannot tell apart, as 'Cat' and ' cat'."""
    groups = defaultdict(list)
    for name in names:
        groups[_words(name)].append(name)
    twins = [' = '.join(map(repr, group)) for group in groups.values()
             if len(group) > 1]
    if twins:
        more = f' and {len(twins) - 5} more' if len(twins) > 5 else ''
        warnings.warn('These class names are the same words for CLIP, which '
                      'knows neither case nor extra spaces, so they share '
                      f'their embedding and their score: '
                      f'{", ".join(twins[:5])}{more}. Keep one of each')


@functools.lru_cache(maxsize=50_000)
def _words(name: str) -> str:
    return clean_text(clean_class_name(name))


def _check_finite(embeddings: Tensor, encoder: nn.Module) -> None:
    """Blame the weights, not a word, if they are what is broken."""
    if embeddings.isfinite().all():
        return
    wrong = [key for key, value in encoder.named_parameters()
             if not value.isfinite().all()]
    if wrong:
        raise ValueError(
            f'{len(wrong)} weights of the text encoder are not finite (NaN or '
            f'infinite): {listed(wrong)}. Get the checkpoint again, or load '
            'another one (text_encoder.checkpoint, or --checkpoint)')


def _warn_of_long_names(names: Sequence[str], prompts: Sequence[Sequence[str]],
                        tokenizer: Callable) -> None:
    room = tokenizer.context_length - 2
    for name, texts in zip(names, prompts):
        longest = max(texts, key=len)
        if len(longest.encode()) > room:  # a token is at least one byte
            tokens = len(tokenizer.words_to_ids(longest))
            if tokens > room:
                warnings.warn(f'The class name {name[:60]!r}... makes prompts '
                              f'of {tokens} tokens; only the first {room} '
                              'are used.')
