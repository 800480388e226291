"""Options of a call, checked before anything is done."""
import math
from typing import Any, Callable, Mapping, Tuple

from .drawing import has_display

FOREIGN = ('stuff_texts', 'tokens_positive')
FLAGS = ('return_vis', 'show', 'draw_pred', 'no_save_vis', 'no_save_pred',
         'return_datasamples', 'print_result', 'custom_entities',
         'unique_boxes', 'no_parts')


def is_number(value: Any) -> bool:
    """Whether it is a finite number; True and False are none."""
    try:
        return not isinstance(value, bool) and math.isfinite(value)
    except (TypeError, ValueError, OverflowError):
        return False


def is_integer(value: Any) -> bool:
    """Whether it is a whole number of any integer type."""
    return hasattr(value, '__index__') and not isinstance(value, bool)


NUMBERS: Mapping[str, Tuple[Callable[[Any], bool], str]] = {
    'pred_score_thr': (is_number, 'a finite number, the least score to draw'),
    'wait_time': (lambda value: is_number(value) and value >= 0,
                  'a number of seconds, not negative'),
    'batch_size': (lambda value: is_integer(value) and value > 0,
                   'a positive number of images'),
    'chunked_size': (lambda value: value is None or is_integer(value),
                     'a whole number of names, or -1 for all'),
    'cached_names': (lambda value: is_integer(value) and value >= 0,
                     'a whole number of names, not negative'),
}


def check_options(options: Mapping[str, Any]) -> None:
    """Raise for options that cannot be meant.

    Args:
        options: Name -> value; names that are not known here are not checked.

    Raises:
        ValueError: Naming the option, its value and what it may be.
    """
    for name in FOREIGN:
        if options.get(name) is not None:
            raise ValueError(f'{name} is for models that ground phrases or '
                             'segment stuff; RegionCLIP takes texts')
    for name, (is_right, words) in NUMBERS.items():
        if name in options and not is_right(options[name]):
            raise ValueError(f'{name}={options[name]!r}: give {words}')
    for name in FLAGS:
        if options.get(name, False) not in (True, False, None):
            raise ValueError(f'{name}={options[name]!r}: give True or False')
    if options.get('show') and not has_display():
        raise ValueError('show=True, but there is no display: write the '
                         'pictures with out_dir instead')
