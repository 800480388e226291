"""Class names together with their text embeddings."""
import collections
import difflib
from dataclasses import dataclass, field
from typing import Any, Dict, List, Sequence, Tuple

import torch
from torch import Tensor

from .files import PathLike, load_plain_file, save_plain_file

SHOWN = 10  # names listed in an error message


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Names and embeddings that never travel without each other.

    Attributes:
        names: K different class names, as the dataset writes them.
        embeddings: Text embeddings (K, D), floating point, not normalised.
        meta: Where they come from; plain data only.
    """
    names: Tuple[str, ...]
    embeddings: Tensor
    meta: Dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, 'names', check_names(self.names))
        check_embeddings(self.names, self.embeddings)

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        return (f'Vocabulary({_listed(self.names)}; {len(self)} names, '
                f'embed_dim={self.embed_dim})')

    @property
    def embed_dim(self) -> int:
        """Size D of an embedding."""
        return self.embeddings.shape[1]

    def select(self, names: Sequence[str]) -> 'Vocabulary':
        """The rows of ``names``, in that order."""
        rows = {name: row for row, name in enumerate(self.names)}
        names = check_names(names)
        unknown = [name for name in names if name not in rows]
        if unknown:
            raise KeyError(
                f'{len(unknown)} of {len(names)} names are not among the '
                f'{len(self)} of the vocabulary: {self._suggest(unknown)}. '
                'Correct them, or build a vocabulary with them: '
                'tools/build_vocabulary.py.')
        chosen = self.embeddings[[rows[name] for name in names]]
        return Vocabulary(names, chosen, self.meta)

    def save(self, path: PathLike) -> None:
        """Write a file for :meth:`load`; an existing one is replaced."""
        embeddings = self.embeddings.detach().cpu().contiguous().clone()
        save_plain_file(dict(names=list(self.names), embeddings=embeddings,
                             meta=dict(self.meta)), path)

    @classmethod
    def load(cls, path: PathLike) -> 'Vocabulary':
        """Read a file of :meth:`save`, without running any code in it."""
        data = load_plain_file(path)
        if isinstance(data, Tensor):
            raise ValueError(
                f'{path} is a bare tensor of shape {tuple(data.shape)}, '
                'without the names of its rows. Give it names with the '
                'embeddings converter in tools/model_converters.')
        if not isinstance(data, dict) or not {'names', 'embeddings'} <= {*data}:
            found = sorted(map(str, data))[:SHOWN] if isinstance(
                data, dict) else type(data).__name__
            raise ValueError(f'{path} is not a vocabulary: it should hold '
                             f'names and embeddings, but holds {found}.')
        try:
            return cls(data['names'], data['embeddings'],
                       dict(data.get('meta') or {}))
        except (ValueError, TypeError) as error:
            raise ValueError(f'{path}: {error}') from None

    def _suggest(self, unknown: Sequence[str]) -> str:
        hints = []
        for name in unknown[:SHOWN]:
            near = difflib.get_close_matches(name, self.names, 3, 0.6)
            hints.append(f'{name!r} (nearest: {_listed(near)})'
                         if near else repr(name))
        return ', '.join(hints) + (' ...' if len(unknown) > SHOWN else '')


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
                         f'{_listed(wrong)}.')
    twice = [name for name, n in collections.Counter(names).items() if n > 1]
    if twice:
        raise ValueError('Class names must differ; given more than once: '
                         f'{_listed(twice)}.')
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
                         f'{_listed(wrong)}.')


def _listed(items: Sequence) -> str:
    shown: List[str] = [_shortened(repr(item)) for item in items[:SHOWN]]
    more = len(items) - SHOWN
    return ', '.join(shown) + (f' and {more} more' if more > 0 else '')


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else f'{text[:57]}...'
