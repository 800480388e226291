"""Where the vocabulary of a config comes from."""
import os
import sys
from typing import Iterable, Optional, Sequence, Union

from mmengine.utils import track_iter_progress
from torch import nn

from mmdet.registry import MODELS, TASK_UTILS

from ..io.files import PathLike
from .cache import VocabularyCache
from .checks import check_names
from .encoding import encode_vocabulary, warn_of_same_words
from .prompts import Templates, get_templates
from .vocabulary import Vocabulary

LONG_RUN = 10  # steps of encode_vocabulary


@TASK_UTILS.register_module()
class VocabularyFile:
    """A file that ``tools/build_vocabulary.py`` or a converter wrote.

    Args:
        path: The file; read by :meth:`build`, not before.
        names: The names to take from it, in this order; by default all.
    """

    def __init__(self, path: PathLike,
                 names: Optional[Sequence[str]] = None) -> None:
        if not isinstance(path, (str, os.PathLike)):
            raise TypeError(f'vocabulary.path={path!r}: give the path of a '
                            'vocabulary file')
        self.path = path
        self.names = names

    def build(self) -> Vocabulary:
        """Read the file.

        Raises:
            FileNotFoundError: If there is none.
            ValueError: If it lacks some of the names.
        """
        try:
            vocabulary = Vocabulary.load(self.path)
        except FileNotFoundError:
            raise FileNotFoundError(
                f'There is no vocabulary file {self.path} (vocabulary.path '
                'in the config). Make it with tools/build_vocabulary.py, or '
                'convert a released embedding file with '
                'tools/model_converters.') from None
        if self.names is None:
            return vocabulary
        try:
            return vocabulary.select(self.names)
        except ValueError as error:
            raise ValueError(f'vocabulary.names of {self.path} in the config:'
                             f' {error}') from None


@TASK_UTILS.register_module()
class PromptedVocabulary:
    """Names that a text encoder embeds, once; the result is kept on disk.

    Args:
        names: Class names.
        text_encoder: A text encoder with weights, or the config of one (give
            it ``checkpoint``).
        templates: A key of ``TEMPLATE_SETS``, or a list of texts with ``{}``.
        cache_dir: Folder of the cache; by default the user's.
    """

    def __init__(self, names: Sequence[str],
                 text_encoder: Union[dict, nn.Module],
                 templates: Templates = 'clip81',
                 cache_dir: Optional[PathLike] = None) -> None:
        self.names = check_names(names)
        if not isinstance(text_encoder, (dict, nn.Module)):
            raise TypeError(f'vocabulary.text_encoder={text_encoder!r}: give '
                            "the config of one, as dict(type='CLIPTextEncoder"
                            "', checkpoint='clip://RN50')")
        self.text_encoder = text_encoder
        self.templates = get_templates(templates)
        self.cache = VocabularyCache(cache_dir)

    def build(self) -> Vocabulary:
        """Take the embeddings from the cache, or compute them."""
        encoder = self.text_encoder
        if isinstance(encoder, dict):
            encoder = MODELS.build(encoder)
        encoder.require_weights()
        warn_of_same_words(self.names)
        return self.cache.get(
            encoder.fingerprint(), self.templates, self.names,
            lambda: encode_vocabulary(self.names, encoder, self.templates,
                                      progress_of_long_runs))


def progress_of_long_runs(steps: Sequence) -> Iterable:
    """A progress bar, unless there are only a few steps."""
    if len(steps) < LONG_RUN:
        return steps
    return track_iter_progress(steps, file=sys.stderr)
