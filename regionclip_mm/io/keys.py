"""Weights by name, compared with those of a model."""
from typing import Any, List, Mapping, NamedTuple, Sequence, Tuple

import torch
from torch import Tensor

from .wording import listed

FLOATS = (torch.float32, torch.float16, torch.bfloat16, torch.float64)


class KeyDifference(NamedTuple):
    """Names that keep weights and a model apart.

    Attributes:
        missing: Of the model, not among the weights.
        surplus: Among the weights, not of the model.
        misshapen: Of both, with different shapes.
    """
    missing: List[str]
    surplus: List[str]
    misshapen: List[str]


def compare_keys(state: Mapping[str, Any],
                 shapes: Mapping[str, Sequence[int]]) -> KeyDifference:
    """How weights differ from what a model has.

    Args:
        state: Weights by name; what has no shape counts as a number.
        shapes: Shape by name.
    """
    return KeyDifference(
        [key for key in shapes if key not in state],
        [key for key in state if key not in shapes],
        [key for key, shape in shapes.items()
         if key in state and shape_of(state[key]) != tuple(shape)])


def shape_of(value: Any) -> Tuple[int, ...]:
    """The shape of a tensor; of a number, or anything else, ()."""
    return tuple(getattr(value, 'shape', ()))


def name_problems(problems: Mapping[str, Sequence[str]],
                  shown: int) -> List[str]:
    """For each kind of problem that there is, how many keys have it.

    Args:
        problems: Kind, for example 'missing' -> keys, maybe with a remark.
        shown: How many keys to name of each.
    """
    return [f'{len(keys)} {kind}: {listed(keys, shown, str)}'
            for kind, keys in problems.items() if keys]


def is_ordinary(value: Tensor) -> bool:
    """Whether a tensor is dense, has its values and is not quantized."""
    return (value.layout == torch.strided and not value.is_meta
            and not value.is_quantized)
