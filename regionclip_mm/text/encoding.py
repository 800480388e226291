"""Names to a vocabulary, with a text encoder."""
import warnings
from typing import Callable, Iterable, Sequence

import torch
from torch import nn

from .checks import check_names
from .prompts import Templates, fill_templates, get_templates
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
        means.append(embeddings.view(len(step), len(templates), -1).mean(1))
    return Vocabulary(names, torch.cat(means), dict(
        arch=encoder.arch, text_encoder=encoder.fingerprint(),
        templates=list(templates)))


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
