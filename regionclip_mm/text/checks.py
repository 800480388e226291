"""What a vocabulary is made of, checked."""
import collections
import hashlib
import json
from typing import Sequence, Tuple

import torch
from torch import Tensor

SHOWN = 10  # names listed in an error message


def content_hash(names: Sequence[str], embeddings: Tensor) -> str:
    """SHA256 of names and embeddings; PyTorch's files check themselves not.

    Args:
        names: The names, in order.
        embeddings: Their embeddings (K, D), contiguous, on the CPU.
    """
    digest = hashlib.sha256(json.dumps(list(names)).encode())
    digest.update(embeddings.flatten().view(torch.uint8).numpy())
    return digest.hexdigest()


def check_names(names: Sequence[str]) -> Tuple[str, ...]:
    """Names as a tuple, if they are a non-empty list of different texts."""
    if isinstance(names, str):
        raise TypeError(f'Class names must be a list, got the text {names!r}; '
                        f'for one class write [{names!r}].')
    names = tuple(names)
    if not names:
        raise ValueError('The vocabulary is empty: give at least one name.')
    wrong = [name for name in names
             if not isinstance(name, str) or not name.strip()]
    if wrong:
        raise ValueError(f'Class names must be texts that are not blank, got '
                         f'{listed(wrong)}.')
    twice = [name for name, n in collections.Counter(names).items() if n > 1]
    if twice:
        raise ValueError('Class names must differ; given more than once: '
                         f'{listed(twice)}.')
    return names


def check_embeddings(names: Tuple[str, ...], embeddings: Tensor) -> None:
    """Raise unless there is one finite row for each name."""
    if not isinstance(embeddings, Tensor):
        raise TypeError('Embeddings must be a tensor, got '
                        f'{type(embeddings).__name__}.')
    shape = tuple(embeddings.shape)
    if embeddings.ndim != 2 or not embeddings.is_floating_point():
        raise ValueError('Embeddings must be floating point of shape '
                         f'(names, D), got {embeddings.dtype} {shape}.')
    if len(embeddings) != len(names):
        raise ValueError(f'{len(names)} names do not match {len(embeddings)} '
                         f'rows of embeddings {shape}.')
    bad = (~torch.isfinite(embeddings).all(dim=1)).nonzero().flatten()
    if len(bad):
        wrong = [names[row] for row in bad.tolist()]
        raise ValueError('Embeddings are not finite (NaN or infinite) for '
                         f'{listed(wrong)}.')


def listed(items: Sequence) -> str:
    """The first items and the number of the others, for messages."""
    shown = [_shortened(repr(item)) for item in items[:SHOWN]]
    more = len(items) - SHOWN
    return ', '.join(shown) + (f' and {more} more' if more > 0 else '')


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else f'{text[:57]}...'
