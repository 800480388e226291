"""Compares the detector's vocabulary with the dataset's classes before the first iteration."""
from itertools import zip_longest
from typing import Iterator, Optional, Sequence, Tuple

from mmdet.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import nn

from ...text import clean_class_name

Names = Sequence[str]


@HOOKS.register_module()
class VocabularyCheckHook(Hook):
    """Stops a run whose labels would mean something else to model and dataset.

    The names of every text classifier in the model (any module with `train_vocabulary` and `test_vocabulary`; wrappers
    such as DDP or an averaged model make no difference) must be the dataset's classes, in the same order. Names are
    compared as words: `traffic_light` is `traffic light`. Training also checks the validation set, before it begins.
    """

    priority = 'VERY_HIGH'

    def before_train(self, runner: Runner) -> None:
        """Checks the training classes, and those of the validation to come."""
        check_vocabulary(runner.model, runner.train_dataloader.dataset, 'train')
        if runner.val_loop is not None:
            self.before_val(runner)

    def before_val(self, runner: Runner) -> None:
        """Checks the test classes."""
        check_vocabulary(runner.model, runner.val_dataloader.dataset, 'val')

    def before_test(self, runner: Runner) -> None:
        """Checks the test classes."""
        check_vocabulary(runner.model, runner.test_dataloader.dataset, 'test')


def check_vocabulary(model: nn.Module, dataset: object, loop: str) -> None:
    """Compares ordered class names of `model` and `dataset`.

    Args:
        model: a detector, bare or wrapped.
        dataset: has `metainfo` with `classes`.
        loop: 'train', 'val' or 'test'; decides which vocabulary of the model counts, and is named in messages.
    """
    classes = dataset.metainfo.get('classes')
    if classes is None:
        raise ValueError(f'{loop}_dataloader.dataset has no class names to compare with the vocabulary: set '
                         f'{loop}_dataloader.dataset.metainfo=dict(classes=...)')
    for path, names in _vocabularies(model, 'train' if loop == 'train' else 'test'):
        key = f'model.{path}.vocabulary'
        if names is None:
            raise ValueError(f'the detector has no vocabulary for the {len(classes)} classes of '
                             f'{loop}_dataloader.dataset: set {key} (and test_vocabulary, where it differs)')
        difference = _first_differences(names, classes)
        if difference:
            raise ValueError(
                f'the vocabulary of the detector ({len(names)} names) is not the class list of '
                f'{loop}_dataloader.dataset ({len(classes)} names, in this order):\n{difference}\n'
                f'Change {key}{"" if loop == "train" else " (or its test_vocabulary)"}, or '
                f'{loop}_dataloader.dataset.metainfo.classes. A VocabularyFile takes names=[...] to select and order '
                'the rows of a larger file')


def _vocabularies(model: nn.Module, kind: str) -> Iterator[Tuple[str, Optional[Names]]]:
    """Config path and names of each text classifier; None where it has no vocabulary."""
    for name, module in model.named_modules():
        if hasattr(type(module), f'{kind}_vocabulary'):
            path = name[len('module.'):] if name.startswith('module.') else name
            vocabulary = getattr(module, f'{kind}_vocabulary')
            yield path.replace('fc_cls', 'cls_predictor_cfg'), vocabulary and vocabulary.names


def _first_differences(names: Names, classes: Names, shown: int = 5) -> str:
    """The first places at which the lists differ, a line each; empty if they are equal."""
    lines = [f'  {i}: vocabulary {mine!r}, dataset {theirs!r}'
             for i, (mine, theirs) in enumerate(zip_longest(names, classes))
             if mine is None or theirs is None or clean_class_name(mine) != clean_class_name(theirs)]
    more = [f'  … and {len(lines) - shown} more'] if len(lines) > shown else []
    return '\n'.join(lines[:shown] + more)
