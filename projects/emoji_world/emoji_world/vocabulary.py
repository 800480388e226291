"""The world's names as vocabularies."""
from typing import Sequence

from mmdet.registry import TASK_UTILS
from regionclip_mm.text import PromptedVocabulary

from .concepts import names


@TASK_UTILS.register_module()
class EmojiVocabulary(PromptedVocabulary):
    """Names of the concepts of some roles, in the datasets' order.

    Args:
        roles: Any of base, novel, other; none for all.
        kwargs: As for :class:`PromptedVocabulary`, without ``names``.
    """

    def __init__(self, roles: Sequence[str] = (), **kwargs) -> None:
        super().__init__(names=names(*roles), **kwargs)
