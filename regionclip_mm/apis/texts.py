"""Class names in what the user writes."""
import os
import re
import warnings
from typing import List, Sequence, Tuple, Union

from mmdet.evaluation import get_classes
from mmdet.evaluation.functional.class_names import dataset_aliases

from ..text import Vocabulary
from ..text.checks import check_names
from ..text.encoding import warn_of_same_words

Names = Tuple[str, ...]
Text = Union[str, Sequence[str]]
Words = Union[str, os.PathLike, Sequence[str]]  # a path, or class names
PREDEFINED = '$:'
MANY_WORDS = 6  # a single "name" with more words is probably a sentence


def names_of_text(text: Text,
                  custom_entities: bool = False) -> Names:
    """Class names in a text, with mmdet's meaning.

    Args:
        text: Names separated by ' . ', as in 'cat . traffic cone'; or '$: '
            and the name of a dataset known to mmdet, as in '$: lvis'; or the
            names themselves, as a list or tuple.
        custom_entities: The user knows that the text is nothing but names:
            do not warn about what looks like a sentence. Phrases are not
            parsed in either case, other than in mmdet's grounding models.
    """
    if not isinstance(text, str):
        return check_names(text)
    if text.strip().startswith(PREDEFINED):
        return _predefined(text.strip()[len(PREDEFINED):].strip())
    names = [' '.join(name.strip(' .').split())
             for name in re.split(r'\.\s|\s\.', text)]
    names = [name for name in names if name]
    if not names:
        raise ValueError(f'the text {text!r} has no class name in it: write '
                         "names separated by ' . ', as in 'cat . dog'")
    if not custom_entities:
        _warn_of_sentences(names)
    return check_names(names)


def _predefined(dataset: str) -> Names:
    try:
        return tuple(dict.fromkeys(get_classes(dataset)))
    except ValueError:
        known = sorted(sum(dataset_aliases.values(), []))
        raise ValueError(
            f"the text '{PREDEFINED} {dataset}' asks for the classes of "
            f'{dataset!r}, which mmdet does not know; it knows '
            f'{", ".join(known)}') from None


def _warn_of_sentences(names: Sequence[str]) -> None:
    odd = [name for name in names
           if ',' in name or (len(names) == 1
                              and len(name.split()) > MANY_WORDS)]
    if odd:
        warnings.warn(f'{odd[0]!r} is taken as one class name; separate names '
                      "by ' . ', as in 'cat . dog' (custom_entities=True if "
                      'it is meant so)')


def opened(vocabulary: Union[Vocabulary, Words, None]
           ) -> Union[Vocabulary, Words, None]:
    """What is in a vocabulary file, if it is the path of one (``*.pth``)."""
    if isinstance(vocabulary, os.PathLike) or (
            isinstance(vocabulary, str) and vocabulary.endswith('.pth')):
        return Vocabulary.load(vocabulary)
    return vocabulary


def names_per_image(texts: Union[str, Sequence[Text], None],
                    vocabulary: Union[Vocabulary, Sequence[str], None],
                    count: int,
                    custom_entities: bool = False) -> List[Names]:
    """Class names for each of ``count`` images.

    Args:
        texts: A text for all images, or one for each.
        vocabulary: Names for all images, instead of ``texts``.
        count: Number of images.
        custom_entities: See :func:`names_of_text`.

    Returns:
        ``count`` tuples; an empty list if there is nothing to encode.
    """
    if texts is not None and vocabulary is not None:
        raise ValueError('give either texts or vocabulary, not both')
    if isinstance(vocabulary, Vocabulary) or vocabulary is texts is None:
        return []
    if vocabulary is not None:
        found = [check_names(vocabulary)] * count
    elif isinstance(texts, str):
        found = [names_of_text(texts, custom_entities)] * count
    else:
        found = [names_of_text(text, custom_entities)
                 for text in _one_for_each(texts, count)]
    for names in dict.fromkeys(found):
        warn_of_same_words(names)
    return found


def _one_for_each(texts: Sequence[Text], count: int) -> Sequence[Text]:
    """Texts of ``count`` images, if they are that."""
    if not isinstance(texts, (list, tuple)):
        raise TypeError(f'texts={texts!r}: give a text for all images, as in '
                        "'cat . dog', or a list with one for each image")
    if len(texts) != count:
        raise ValueError(
            f'{len(texts)} texts for {count} images: a list has one text for '
            'each image. For the same names in all images write '
            "texts='cat . dog' or vocabulary=['cat', 'dog']")
    for row, text in enumerate(texts):
        if not isinstance(text, (str, list, tuple)):
            raise TypeError(f'texts[{row}] is {text!r}: give a text such as '
                            "'cat . dog', or a list of names")
    return texts
