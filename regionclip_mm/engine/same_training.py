"""Whether a checkpoint is of the training that is to go on."""
from typing import Dict, List, Sequence

from mmengine.optim import OptimWrapper, OptimWrapperDict
from torch import nn

from ..io.region_labels import pool_digest
from .vocabularies import vocabularies_of

INSTEAD = ('--resume goes on with the same training; to start another one '
           'from these weights, give the checkpoint as load_from')


def describe_optimizer(wrapper: OptimWrapper) -> List[str]:
    """Type and number of tensors of each optimizer, for people to read."""
    wrappers = (wrapper.values() if isinstance(wrapper, OptimWrapperDict)
                else [wrapper])
    found = []
    for each in wrappers:
        groups = [len(group['params'])
                  for group in each.optimizer.param_groups]
        found.append(f'{type(each.optimizer).__name__} with {sum(groups)} '
                     f'tensors in {len(groups)} groups')
    return found


def check_same_optimizer(saved: Sequence[str], current: Sequence[str]) -> None:
    """Raise if the checkpoint's optimizer is another one.

    Args:
        saved, current: See :func:`describe_optimizer`.

    Raises:
        ValueError: Naming both.
    """
    if [*saved] != [*current]:
        raise ValueError(
            f'the checkpoint is of a training by {", ".join(saved)}, '
            f'optim_wrapper has {", ".join(current)}: {INSTEAD}')


def describe_vocabularies(model: nn.Module) -> Dict[str, str]:
    """Number and digest of the names that a model is trained with.

    Args:
        model: Bare or wrapped.

    Returns:
        By the key of the vocabulary in the config.
    """
    return {
        f'{path}.vocabulary':
        f'{len(names)} names (sha256 {pool_digest(names)[:16]})'
        for path, names in vocabularies_of(model, 'train')
        if names is not None}


def check_same_vocabularies(saved: Dict[str, str],
                            current: Dict[str, str]) -> None:
    """Raise if a model was trained with other names, or in another order.

    Args:
        saved, current: See :func:`describe_vocabularies`.

    Raises:
        ValueError: Naming the key.
    """
    for key in sorted({*saved, *current}):
        before, now = (found.get(key, 'no names')
                       for found in (saved, current))
        if before != now:
            raise ValueError(
                f'the checkpoint is of a training with {before}, {key} has '
                f'{now}, others or in another order: {INSTEAD}')


def check_same_classes(saved: Sequence[str], current: Sequence[str]) -> None:
    """Raise if the checkpoint's classes are others, or in another order.

    Args:
        saved, current: Names of the classes of training.

    Raises:
        ValueError: Naming the first ones that the other lacks.
    """
    if [*saved] != [*current]:
        raise ValueError(
            f'the checkpoint is of a training of {len(saved)} classes '
            f'({_some(saved, current)}), the train_dataloader has '
            f'{len(current)} ({_some(current, saved)}): {INSTEAD}')


def _some(names: Sequence[str], others: Sequence[str]) -> str:
    """The first names that the others lack, or all where none lacks."""
    own = [name for name in names if name not in others] or [*names]
    return ', '.join(own[:3]) + (', ...' if len(own) > 3 else '')
