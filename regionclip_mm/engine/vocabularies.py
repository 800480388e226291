"""Where a model has vocabularies, and who labels what it learns from."""
import re
from typing import Iterator, Optional, Sequence, Tuple

from torch import nn

Names = Sequence[str]
# What mmdet's heads call their classifiers.
CLASSIFIER = re.compile(
    r'\b(fc_cls|atss_cls|rtm_cls\.\d+|cls_branches\.\d+)$')


def labeller_of(model: nn.Module) -> Optional[str]:
    """Name of the part of a model, bare or wrapped, that gives the labels."""
    return getattr(getattr(model, 'module', model), 'labeller', None)


def vocabularies_of(model: nn.Module,
                    kind: str) -> Iterator[Tuple[str, Optional[Names]]]:
    """The text classifiers of a model, without those of its labeller.

    Args:
        model: Bare or wrapped.
        kind: Of the vocabularies, 'train' or 'test'.

    Yields:
        Config path and names of each; None if it has no names.
    """
    labeller = f'{labeller_of(model)}.'
    for name, module in model.named_modules():
        name = name.replace('module.', '')
        if hasattr(type(module), f'{kind}_vocabulary') and (
                not name.startswith(labeller)):
            vocabulary = getattr(module, f'{kind}_vocabulary')
            yield path_of(name), getattr(vocabulary, 'names', None)


def path_of(name: str) -> str:
    """Of a text classifier in the config, from its name in the model."""
    return 'model.' + CLASSIFIER.sub('cls_predictor_cfg', name)
