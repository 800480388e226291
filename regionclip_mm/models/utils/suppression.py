"""The NMS that `test_cfg.rcnn.nms` names."""
import functools
import inspect
from typing import Any, Callable, Mapping, Tuple

import torch
from torch import Tensor

from .nms import class_aware_nms
from .soft_nms import DECAYS, class_aware_soft_nms, offset_soft_nms

#: (boxes (N, 4), scores (N,), labels (N,), max_num) -> kept rows (M,) and
#: their scores (M,), best first, at most max_num unless it is -1.
Suppression = Callable[[Tensor, Tensor, Tensor, int], Tuple[Tensor, Tensor]]


def get_suppression(nms: Mapping[str, Any]) -> Suppression:
    """Read ``test_cfg.rcnn.nms``.

    Args:
        nms: ``type`` 'nms' (the default), 'soft_nms' or 'offset_soft_nms'
            (soft-NMS with the reference's rounding), and its options, as
            mmcv names them; ``class_agnostic`` to compare across classes.

    Raises:
        ValueError: Naming an unknown type, option or method.
    """
    options = dict(nms)
    kind = options.pop('type', 'nms')
    if kind not in KINDS:
        raise ValueError(f'test_cfg.rcnn.nms.type={kind!r}: choose one of '
                         f'{", ".join(map(repr, KINDS))}')
    agnostic = options.pop('class_agnostic', False)
    taken = _options_of(KINDS[kind])
    unknown = sorted(set(options) - set(taken))
    if unknown:
        raise ValueError(
            f'test_cfg.rcnn.nms has {", ".join(unknown)}; type={kind!r} '
            f'takes {", ".join(taken)} and class_agnostic (max_per_img of '
            'test_cfg.rcnn bounds the number of boxes)')
    _check_values(kind, options)
    suppress = functools.partial(KINDS[kind], **options)
    return _across_classes(suppress) if agnostic else suppress


def _check_values(kind: str, options: Mapping[str, Any]) -> None:
    if kind == 'nms' and 'iou_threshold' not in options:
        raise ValueError("test_cfg.rcnn.nms of type='nms' needs an "
                         'iou_threshold')
    for key in ('iou_threshold', 'sigma', 'min_score'):
        if not isinstance(options.get(key, 0), (int, float)):
            raise ValueError(f'test_cfg.rcnn.nms.{key}={options[key]!r}: give '
                             'a number')
    method = options.get('method')
    if method is not None and method not in DECAYS:
        raise ValueError(f'test_cfg.rcnn.nms.method={method!r}: choose one '
                         f'of {", ".join(map(repr, DECAYS))}')
    if options.get('sigma', 1) <= 0:
        raise ValueError(f'test_cfg.rcnn.nms.sigma={options["sigma"]}: give '
                         'a positive number')


def _options_of(function: Callable) -> list:
    data = {'boxes', 'scores', 'labels', 'max_num'}
    return [x for x in inspect.signature(function).parameters
            if x not in data]


def _across_classes(suppress: Suppression) -> Suppression:
    return lambda boxes, scores, labels, max_num: suppress(
        boxes, scores, torch.zeros_like(labels), max_num=max_num)


def _hard(boxes: Tensor, scores: Tensor, labels: Tensor, max_num: int,
          iou_threshold: float) -> Tuple[Tensor, Tensor]:
    keep = class_aware_nms(boxes, scores, labels, iou_threshold)
    keep = keep[:max_num] if max_num >= 0 else keep
    return keep, scores[keep]


KINDS = dict(
    nms=_hard, soft_nms=class_aware_soft_nms,
    offset_soft_nms=offset_soft_nms)
