"""Compares vocabulary and dataset classes before the first iteration."""
from itertools import zip_longest
from typing import Optional, Sequence

from mmengine.dataset import BaseDataset
from mmengine.evaluator import BaseMetric
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import nn

from mmdet.models.dense_heads import RPNHead
from mmdet.registry import HOOKS

from ...text import canonical_name, clean_class_name
from ..vocabularies import labeller_of, path_of, vocabularies_of

Names = Sequence[str]


@HOOKS.register_module()
class VocabularyCheckHook(Hook):
    """Stops a run whose labels would mean different things.

    The names of every text classifier in the model (any module with
    ``train_vocabulary`` and ``test_vocabulary``; wrappers such as DDP make no
    difference) must be the dataset's classes, in the same order. Names are
    compared as words, ``bow_(weapon)`` is ``bow weapon``, whatever their
    spelling (:func:`canonical_name`). A metric that takes the order of its
    annotation file must find the same order there. Training also checks the
    validation before it begins.

    A model that has a method ``check_training`` is asked, too.

    A model may have a ``labeller``, the name of a part or of anything else
    that labels what it learns from. Then labels come from there, not from the
    dataset of training, whose classes, if it has any, are not compared; nor
    are the words of that part.
    """

    priority = 'VERY_HIGH'

    def before_train(self, runner: Runner) -> None:
        """Check the training classes, and those of validations to come."""
        if not labeller_of(runner.model):
            check_vocabulary(runner.model, runner.train_dataloader.dataset,
                             'train')
        model = getattr(runner.model, 'module', runner.model)
        if hasattr(model, 'check_training'):
            model.check_training()
        if hasattr(model, 'check_data'):
            model.check_data(runner.train_dataloader.dataset)
        _check_sizes(model)
        if runner.val_loop is not None:
            self.before_val(runner)

    def before_val(self, runner: Runner) -> None:
        """Check the test classes."""
        check_vocabulary(runner.model, runner.val_dataloader.dataset, 'val',
                         runner.val_evaluator.metrics)

    def before_test(self, runner: Runner) -> None:
        """Check the test classes."""
        check_vocabulary(runner.model, runner.test_dataloader.dataset, 'test',
                         runner.test_evaluator.metrics)


def check_vocabulary(model: nn.Module,
                     dataset: BaseDataset,
                     loop: str,
                     metrics: Sequence[BaseMetric] = ()) -> None:
    """Compare the ordered class names of model, dataset and metrics.

    Args:
        model: A detector, bare or wrapped.
        dataset: Has ``metainfo`` with ``classes``.
        loop: 'train', 'val' or 'test': whose dataset it is.
        metrics: What evaluates the detections on this dataset.

    Raises:
        ValueError: If they differ, or one of them is missing.
    """
    kind = 'train' if loop == 'train' else 'test'
    found = list(vocabularies_of(model, kind))
    if not found and _has_bbox_head(model):
        raise ValueError(
            'the detector has no text classifier: its bbox_head ignores '
            'cls_predictor_cfg, or has another type there than a text '
            'classifier. BBoxHead, Shared2FCBBoxHead, ConvFCBBoxHead and '
            'RegionBBoxHead use it, and heads whose names begin with Text '
            '(docs/mixing.md); without words, leave out VocabularyCheckHook')
    for path, names in found:
        classes = dataset.metainfo.get('classes')
        if classes is None:
            raise ValueError(
                f'{loop}_dataloader.dataset has no class names to compare '
                f'with the vocabulary: set {loop}_dataloader.dataset.metainfo'
                '=dict(classes=...)')
        if names is None:
            raise ValueError(
                'the detector has no vocabulary for the '
                f'{len(classes)} classes of {loop}_dataloader.dataset: set '
                f'{path}.vocabulary in the config')
        difference = _first_differences(names, classes)
        if difference:
            raise ValueError(
                f'the vocabulary of the detector ({len(names)} names) is not '
                f'the class list of {loop}_dataloader.dataset '
                f'({len(classes)} names):\n{difference}\n'
                f'Change {path}.vocabulary or .test_vocabulary, or '
                f'{loop}_dataloader.dataset.metainfo.classes. A '
                'VocabularyFile takes names=[...] to select and order the '
                'rows of a larger file')
        for metric in metrics:
            _check_metric(metric, classes, loop)


def _check_sizes(model: nn.Module) -> None:
    """Raise unless vocabularies suit the layers that use them.

    A labeller does not train: its layer may be of any number of classes.
    """
    trained = {path for path, names in vocabularies_of(model, 'train')
               if names is not None}
    for name, module in model.named_modules():
        if hasattr(type(module), 'check_count'):
            if path_of(name) in trained:
                module.check_count(len(module.train_vocabulary.names))
            module.check_sizes(path_of(name))


def _check_metric(metric: BaseMetric, classes: Names, loop: str) -> None:
    """mmdet's metrics take label k for category k of their file."""
    lvis, coco = (getattr(metric, f'_{kind}_api', None)
                  for kind in ('lvis', 'coco'))
    if not (lvis or coco) or hasattr(metric, 'follows_class_names'):
        return
    names = (c['name'] for c in (lvis or coco).dataset['categories'])
    order = [name for name in names if lvis or name in classes]
    difference = _first_differences(classes, order)
    if difference:
        raise ValueError(
            f'{type(metric).__name__} of {loop}_evaluator numbers the classes '
            'as its annotation file does, the detector as its vocabulary:\n'
            f"{difference.replace('dataset', 'file')}\nUse "
            "type='OrderedOVCocoMetric' or 'OrderedLVISMetric' instead")


def _has_bbox_head(model: nn.Module) -> bool:
    """Whether something classifies; an RPN does not."""
    return any(name.endswith('bbox_head') and 'rpn' not in name
               and not isinstance(part, RPNHead)
               for name, part in model.named_modules())


def _first_differences(names: Names, classes: Names, shown: int = 5) -> str:
    """The first places where the lists differ, a line each; or nothing."""
    lines = [
        f'  {i}: vocabulary {mine!r}, dataset {theirs!r}'
        for i, (mine, theirs) in enumerate(zip_longest(names, classes))
        if _words(mine) != _words(theirs)
    ]
    if len(lines) > shown:
        lines[shown:] = [f'  ... and {len(lines) - shown} more']
    return '\n'.join(lines)


def _words(name: Optional[str]) -> Optional[str]:
    return name and clean_class_name(canonical_name(name))
