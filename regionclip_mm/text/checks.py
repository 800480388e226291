"""What a vocabulary is made of, checked."""
import hashlib
import json
from typing import Any, Sequence, Tuple

import torch
from torch import Tensor

from ..io.keys import FLOATS
from ..io.wording import is_text, listed, repeated

LONGEST = 10_000  # characters of a name; a prompt holds about 300
SHORTEST = 1e-12  # embedding that can be normalised


def content_hash(names: Sequence[str], embeddings: Tensor) -> str:
    """SHA256 of names and embeddings; PyTorch's files check themselves not.

    Args:
        names: The names, in order.
        embeddings: Their embeddings (K, D).
    """
    digest = hashlib.sha256(json.dumps(list(names)).encode())
    digest.update(bytes_of(embeddings))
    return digest.hexdigest()


def bytes_of(tensor: Tensor) -> memoryview:
    """The values of a tensor of any type, in order, for a hash.

    Also while a model is traced that reads a vocabulary at first use, as
    mmdet's get_flops.py does: PyTorch's own view as bytes breaks the trace.
    """
    values = tensor.detach().cpu().contiguous()
    if values.dtype == torch.bfloat16:  # numpy has none
        values = values.view(torch.int16)
    return values.numpy().reshape(-1).data


def check_names(names: Sequence[str]) -> Tuple[str, ...]:
    """Names as a tuple, if they are a non-empty list of different texts.

    Names that differ only in case or in spaces are different names: datasets
    have such. Users are warned of them, see ``warn_of_same_words``.

    Raises:
        TypeError: If they are no list, or an unordered set.
        ValueError: If some cannot be class names.
    """
    names = _as_tuple(names)
    if not names:
        raise ValueError('The vocabulary is empty: give at least one name.')
    wrong = [name for name in names
             if not isinstance(name, str) or not name.strip()]
    if wrong:
        raise ValueError(f'Class names must be texts that are not blank, got '
                         f'{listed(wrong)}.')
    endless = [name for name in names if len(name) > LONGEST]
    if endless:
        raise ValueError(f'Class names must have at most {LONGEST} characters;'
                         f' too long: {listed(endless)}. Was a whole file '
                         'given as one name?')
    halves = [name for name in names if not is_text(name)]
    if halves:
        raise ValueError('Class names must be texts that can be written as '
                         'UTF-8; these have a lone surrogate, half of a '
                         f'character: {listed(halves)}.')
    twice = repeated(names)
    if twice:
        raise ValueError('Class names must differ; given more than once: '
                         f'{listed(twice)}.')
    return tuple(map(str.__str__, names))  # files hold no NumPy texts


def _as_tuple(names: Any) -> Tuple[str, ...]:
    if isinstance(names, str):
        raise TypeError(f'Class names must be a list, got the text {names!r}; '
                        f'for one class write [{names!r}].')
    if isinstance(names, (set, frozenset)) or not hasattr(names, '__iter__'):
        raise TypeError('Class names must be a list of texts, got '
                        f'{type(names).__name__}: {listed([names])}.')
    return tuple(names)


def check_embeddings(names: Tuple[str, ...], embeddings: Tensor) -> None:
    """Raise unless there is one row for each name, a direction in float32."""
    if not isinstance(embeddings, Tensor):
        raise TypeError('Embeddings must be a tensor, got '
                        f'{type(embeddings).__name__}.')
    shape = tuple(embeddings.shape)
    if embeddings.ndim != 2 or embeddings.dtype not in FLOATS:
        raise ValueError('Embeddings must be floating point of shape '
                         f'(names, D), got {embeddings.dtype} {shape}.')
    if embeddings.layout != torch.strided:
        raise ValueError(f'Embeddings must be a dense tensor, got the layout '
                         f'{embeddings.layout}: call to_dense().')
    if embeddings.is_meta:
        raise ValueError(f'Embeddings {shape} have no values: they are on the '
                         "device 'meta'. Make them on a real device.")
    if shape[1] == 0:
        raise ValueError(f'Embeddings have no columns: their shape is {shape}'
                         ', not (names, D).')
    if len(embeddings) != len(names):
        raise ValueError(f'{len(names)} names do not match {len(embeddings)} '
                         f'rows of embeddings {shape}.')
    bad = (~torch.isfinite(embeddings).all(dim=1)).nonzero().flatten()
    if len(bad):
        wrong = [names[row] for row in bad.tolist()]
        raise ValueError('Embeddings are not finite (NaN or infinite) for '
                         f'{listed(wrong)}.')
    length = embeddings.detach().float().norm(dim=1)
    bad = (~length.isfinite() | (length < SHORTEST)).nonzero().flatten()
    if len(bad):
        wrong = [names[row] for row in bad.tolist()]
        raise ValueError('Embeddings must have a length that float32 can '
                         f'hold, more than {SHORTEST}: they are zero, or too '
                         f'small or large, for {listed(wrong)}.')


def check_meta(meta: Any) -> None:
    """Raise unless it is a dictionary of what a plain file can hold."""
    try:
        json.dumps(meta)
    except (TypeError, ValueError, RecursionError) as error:
        raise TypeError('meta of a vocabulary must be plain data (texts, '
                        f'numbers, lists, dicts): {error}') from None
    if not isinstance(meta, dict):
        raise TypeError('meta of a vocabulary must be a dict, got '
                        f'{type(meta).__name__}.')
