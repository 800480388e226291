"""Prompt templates, and how class names are filled into them.

The 80 ImageNet templates are OpenAI's (assets/LICENSE.bpe_simple_vocab_16e6).
"""
from typing import List, Sequence, Tuple, Union

from ..io.wording import is_text

Templates = Union[str, Sequence[str]]

# Parity: the order of the reference (``concept_ids`` of ``g1_text_rn50``).
CLIP_TEMPLATES = tuple(f'{sentence}.' for sentence in """
{}
a photo of a {}
a bad photo of a {}
a photo of many {}
a sculpture of a {}
a photo of the hard to see {}
a low resolution photo of the {}
a rendering of a {}
graffiti of a {}
a bad photo of the {}
a cropped photo of the {}
a tattoo of a {}
the embroidered {}
a photo of a hard to see {}
a bright photo of a {}
a photo of a clean {}
a photo of a dirty {}
a dark photo of the {}
a drawing of a {}
a photo of my {}
the plastic {}
a photo of the cool {}
a close-up photo of a {}
a black and white photo of the {}
a painting of the {}
a painting of a {}
a pixelated photo of the {}
a sculpture of the {}
a bright photo of the {}
a cropped photo of a {}
a plastic {}
a photo of the dirty {}
a jpeg corrupted photo of a {}
a blurry photo of the {}
a photo of the {}
a good photo of the {}
a rendering of the {}
a {} in a video game
a photo of one {}
a doodle of a {}
a close-up photo of the {}
the origami {}
the {} in a video game
a sketch of a {}
a doodle of the {}
a origami {}
a low resolution photo of a {}
the toy {}
a rendition of the {}
a photo of the clean {}
a photo of a large {}
a rendition of a {}
a photo of a nice {}
a photo of a weird {}
a blurry photo of a {}
a cartoon {}
art of a {}
a sketch of the {}
a embroidered {}
a pixelated photo of a {}
itap of the {}
a jpeg corrupted photo of the {}
a good photo of a {}
a plushie {}
a photo of the nice {}
a photo of the small {}
a photo of the weird {}
the cartoon {}
art of the {}
a drawing of the {}
a photo of the large {}
a black and white photo of a {}
the plushie {}
a dark photo of a {}
itap of a {}
graffiti of the {}
a toy {}
itap of my {}
a photo of a cool {}
a photo of a small {}
a tattoo of the {}
""".strip().splitlines())

TEMPLATE_SETS = {'clip81': CLIP_TEMPLATES, 'name_only': ('{}',)}


def get_templates(templates: Templates) -> Tuple[str, ...]:
    """Look up a set of templates by name, or check the user's own.

    Args:
        templates: A key of ``TEMPLATE_SETS``, or a list of texts that each
            have ``{}`` where the name goes.
    """
    if isinstance(templates, str):
        if templates not in TEMPLATE_SETS:
            raise ValueError(
                f'templates must be one of {sorted(TEMPLATE_SETS)} or a list '
                f"of texts such as ['a photo of a {{}}.'], got {templates!r}.")
        return TEMPLATE_SETS[templates]
    if not isinstance(templates, (list, tuple)):
        raise TypeError('templates must be a list of texts with {}, got '
                        f'{type(templates).__name__}: {templates!r}.')
    templates = tuple(templates)
    wrong = [text for text in templates
             if not is_text(text) or '{}' not in text]
    if wrong or not templates:
        raise ValueError('templates must be a non-empty list of texts with {} '
                         f'where the class name goes; wrong: {wrong}.')
    return templates


def clean_class_name(name: str) -> str:
    """A dataset's class name as words: ``bow_(tie)`` becomes ``bow tie``.

    Parity: LVIS names lose ``_`` and parentheses, all names lose commas, and
    ``+`` becomes a space.
    """
    words = name.replace('_', ' ').replace('+', ' ')
    for mark in '(),':
        words = words.replace(mark, '')
    return words


def fill_templates(name: str, templates: Sequence[str]) -> List[str]:
    """The prompts of one class, one per template."""
    words = clean_class_name(name)
    if not words.strip():
        raise ValueError(f'The class name {name!r} has no words in it.')
    return [template.replace('{}', words) for template in templates]
