"""Class names together with their text embeddings."""
import difflib
from dataclasses import dataclass, field
from typing import Any, Dict, Sequence, Tuple

from torch import Tensor

from ..io.files import PathLike, load_plain_file, save_plain_file
from ..io.wording import SHOWN, listed
from .checks import check_embeddings, check_meta, check_names, content_hash
from .spelling import canonical_name


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
        check_meta(self.meta)

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        return (f'Vocabulary({listed(self.names)}; {len(self)} names, '
                f'embed_dim={self.embed_dim})')

    @property
    def embed_dim(self) -> int:
        """Size D of an embedding."""
        return self.embeddings.shape[1]

    def select(self, names: Sequence[str]) -> 'Vocabulary':
        """The rows of ``names``, in that order, however they are spelt.

        See :func:`canonical_name`; the result has ``names`` as given.
        """
        rows = {canonical_name(name): row
                for row, name in enumerate(self.names)}
        rows.update((name, row) for row, name in enumerate(self.names))
        names = check_names(names)
        known = [name if name in rows else canonical_name(name)
                 for name in names]
        unknown = [name for name in known if name not in rows]
        if unknown:
            raise ValueError(
                f'{len(unknown)} of {len(names)} names are not among the '
                f'{len(self)} of the vocabulary: {self._suggest(unknown)}. '
                'Correct them, or build a vocabulary with them: '
                'tools/build_vocabulary.py.')
        chosen = self.embeddings[[rows[name] for name in known]]
        return Vocabulary(names, chosen, self.meta)

    def save(self, path: PathLike) -> None:
        """Write a file for :meth:`load`; an existing one is replaced."""
        embeddings = self.embeddings.detach().cpu().contiguous().clone()
        save_plain_file(dict(
            names=list(self.names), embeddings=embeddings,
            meta=dict(self.meta),
            sha256=content_hash(self.names, embeddings)), path)

    @classmethod
    def load(cls, path: PathLike) -> 'Vocabulary':
        """Read a file of :meth:`save`, without running any code in it."""
        data = vocabulary_content(path)
        meta = {} if data.get('meta') is None else data['meta']
        try:
            loaded = cls(data['names'], data['embeddings'], meta)
        except (ValueError, TypeError) as error:
            raise ValueError(f'{path}: {error}') from None
        found = content_hash(loaded.names, loaded.embeddings)
        if data.get('sha256', found) != found:
            raise ValueError(f'{path} is damaged: its names and embeddings '
                             'are not those that were written.')
        return loaded

    def _suggest(self, unknown: Sequence[str]) -> str:
        hints = []
        for name in unknown[:SHOWN]:
            near = difflib.get_close_matches(name, self.names, 3, 0.6)
            hints.append(f'{name!r} (nearest: {listed(near)})'
                         if near else repr(name))
        return ', '.join(hints) + (' ...' if len(unknown) > SHOWN else '')


def vocabulary_content(path: PathLike) -> Dict[str, Any]:
    """The dictionary in a vocabulary file; other files are told apart."""
    data = load_plain_file(path)
    if isinstance(data, Tensor):
        raise ValueError(
            f'{path} is a bare tensor of shape {tuple(data.shape)}, without '
            'the names of its rows. Give it names: '
            'tools/model_converters/embeddings.py.')
    if isinstance(data, dict) and {'names', 'embeddings'} <= set(data):
        return data
    found = (sorted(map(str, data))[:SHOWN] if isinstance(data, dict)
             else type(data).__name__)
    raise ValueError(f'{path} is not a vocabulary: it should hold names and '
                     f'embeddings, but holds {found}.')
