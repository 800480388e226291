"""What a pipeline may do to images whose regions are labelled."""
import difflib
from typing import Any, Iterator, Sequence, Tuple

from mmcv.transforms import LoadImageFromFile

from mmdet.datasets.transforms import (LoadMultiChannelImageFromFiles,
                                       PackDetInputs)
from mmdet.registry import TRANSFORMS

from ..datasets import LoadRegionLabels, PackRegionLabels

LIBRARIES = ('mmcv', 'mmdet', 'mmpretrain', 'mmengine')
LOADING = (LoadImageFromFile, LoadMultiChannelImageFromFiles)
# Of the libraries' steps those that neither draw a number nor change more than
# an image's size. The second lot needs the image.
WITHOUT_IMAGE = ('LoadAnnotations', 'LoadProposals')
WITH_IMAGE = ('Resize', 'FixScaleResize', 'ResizeShortestEdge',
              'ProposalBroadcaster', 'PackDetInputs')
OFFLINE = (LoadRegionLabels, PackRegionLabels)
Step = Tuple[str, type]  # where it stands, its class


def check_label_pipeline(pipeline: Any, where: str) -> None:
    """Raise unless regions of the original images can be labelled by it.

    Of the steps of mmcv, mmdet and mmpretrain those that load, resize to one
    size and pack are allowed, as they change nothing by chance and move no
    box in another way. Steps of modules of one's own are trusted, but for
    the last one, which has to be ``PackDetInputs`` or derived from it, as it
    is told what to keep: whether they flipped or cut an image is seen when it
    is labelled (:func:`.label_images.scale_of`), a rotation or a change of
    colours is not.

    Args:
        pipeline: Variable ``label_pipeline`` of a config.
        where: Name of the config, for the message.

    Raises:
        ValueError: Naming the step, why it cannot be there, and what can.
    """
    if not pipeline:
        raise ValueError(
            f'{where} has no label_pipeline: set it to the steps of '
            'train_dataloader.dataset.pipeline, of which none may be random: '
            'a Resize of one size in place of RandomResize or '
            'RandomChoiceResize, no RandomFlip and no crop')
    steps = [*_steps(pipeline, f'{where}: label_pipeline')]
    for name, step in steps:
        _check_step(name, step)
    _check_order(steps)


def _check_order(steps: Sequence[Step]) -> None:
    """An image is loaded before it is needed; the last step packs."""
    is_loaded = False
    for name, step in steps:
        is_loaded |= issubclass(step, LOADING) or _is_of_the_user(step)
        if step.__name__ in WITH_IMAGE and not is_loaded:
            raise ValueError(f'{name} needs an image, which no step before it '
                             "loads: begin with type='LoadEncodedImage'")
    for name, step in steps[:-1]:
        if issubclass(step, PackDetInputs):
            raise ValueError(f'{name} packs the sample, after which nothing '
                             'can follow: put it at the end')
    name, step = steps[-1]
    if not issubclass(step, PackDetInputs):
        raise ValueError(f'{name} is the last step, which must pack the '
                         "sample: put type='PackDetInputs' behind it, or a "
                         'class derived from that')


def _check_step(name: str, step: type) -> None:
    if issubclass(step, OFFLINE):
        raise ValueError(
            f'{name} is of a training with labels, which are to be written: '
            "leave out LoadRegionLabels, and take type='PackDetInputs' in "
            'place of PackRegionLabels')
    package = step.__module__.partition('.')[0]
    if package in LIBRARIES and step.__name__ not in (
            *WITHOUT_IMAGE, *WITH_IMAGE) and not issubclass(step, LOADING):
        raise ValueError(
            f'{name} may change images by chance, or more than their size. Of '
            'the steps of mmcv, mmdet and mmpretrain there may be those that '
            f'load an image, {", ".join((*WITHOUT_IMAGE, *WITH_IMAGE))}: '
            'leave it out or, if it resizes, put a Resize of one size in its '
            'place')


def _steps(pipeline: Any, where: str) -> Iterator[Step]:
    """All steps, with those inside of others."""
    if not isinstance(pipeline, (list, tuple)):
        raise ValueError(f'{where}={pipeline!r} should be a list of steps, '
                         'each a dict with a type')
    for number, step in enumerate(pipeline):
        name = f'{where}.{number}'
        if not isinstance(step, dict) or not step.get('type'):
            raise ValueError(f'{name}={step!r} should be a dict with a type, '
                             'a step of the pipeline')
        found = _class_of(step['type'], name)
        yield f'{name} ({found.__name__})', found
        if found.__name__ == 'ProposalBroadcaster':
            yield from _steps(step.get('transforms'), f'{name}.transforms')


def _class_of(kind: Any, name: str) -> type:
    found = TRANSFORMS.get(kind) if isinstance(kind, str) else kind
    if isinstance(found, type):
        return found
    known = {*TRANSFORMS.module_dict, *TRANSFORMS.parent.module_dict}
    close = difflib.get_close_matches(str(kind), sorted(known), 1)
    raise ValueError(
        f'{name}.type={kind!r} is not known: ' + (
            f'is {close[0]!r} meant?' if close else
            'add the module that registers it to custom_imports.imports'))


def _is_of_the_user(step: type) -> bool:
    package = step.__module__.partition('.')[0]
    return package not in (*LIBRARIES, 'regionclip_mm')
