"""Templates and class names."""
import pytest

from regionclip_mm.text import CLIP_TEMPLATES, clean_class_name, get_templates
from regionclip_mm.text.prompts import fill_templates


def test_there_are_81_different_templates():
    assert len(set(CLIP_TEMPLATES)) == 81
    assert all(t.count('{}') == 1 and t.endswith('.') for t in CLIP_TEMPLATES)
    assert CLIP_TEMPLATES[:2] == ('{}.', 'a photo of a {}.')


@pytest.mark.parametrize('name, words', [
    ('fire_hydrant', 'fire hydrant'),
    ('bow_(decorative_ribbons)', 'bow decorative ribbons'),
    ('boom_microphone', 'boom microphone'),
    ('mail, post', 'mail post'),
    ('salt+pepper', 'salt pepper'),
    ('teddy bear', 'teddy bear'),
    ('自転車', '自転車'),
])
def test_cleaning(name, words):
    assert clean_class_name(name) == words
    assert fill_templates(name, ['a {}.', '{}']) == [f'a {words}.', words]


def test_sets_have_names():
    assert get_templates('clip81') == CLIP_TEMPLATES
    assert fill_templates('dog', get_templates('name_only')) == ['dog']
    assert get_templates(['my {}']) == ('my {}', )


@pytest.mark.parametrize('templates, message', [
    ('imagenet', r"one of \['clip81', 'name_only'\] or a list.*'imagenet'"),
    ('a photo of a {}.', 'or a list of texts'),
    ([], 'non-empty list'),
    (['a photo of a {}.', 'a photo'], r"wrong: \['a photo'\]"),
    ([3], r'wrong: \[3\]'), (['{} \ud800'], r'wrong: .*ud800'),
    (3, 'list of texts with {}, got int: 3'), (None, 'got NoneType: None'),
])
def test_bad_templates(templates, message):
    with pytest.raises((ValueError, TypeError), match=message):
        get_templates(templates)


def test_a_name_without_words():
    with pytest.raises(ValueError, match=r"'\(_\)' has no words in it"):
        fill_templates('(_)', ['{}'])
