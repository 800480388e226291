import pytest
import torch
from nano import make_vocabulary

from regionclip_mm.apis.texts import names_of_text, names_per_image, opened
from regionclip_mm.datasets import LVIS_ALL_1203


@pytest.mark.parametrize('text, names', [
    ('cat . traffic cone', ('cat', 'traffic cone')),
    ('cat . dog .', ('cat', 'dog')),
    ('bench. car. ', ('bench', 'car')),
    ('cat .dog', ('cat', 'dog')),
    ('  cat  ', ('cat', )),
    ('a\n . b', ('a', 'b')),
    ('version 2.0 phone . cat', ('version 2.0 phone', 'cat')),
    (['St. Bernard', 'cat'], ('St. Bernard', 'cat')),
    (('größe', '猫'), ('größe', '猫'))])
def test_names(text, names):
    assert names_of_text(text) == names


@pytest.mark.parametrize('name, count', [
    ('coco', 80), ('lvis', 1203), ('voc', 20), ('oid_challenge', 498)])
def test_predefined(name, count):
    assert len(names_of_text(f'$: {name}')) == count
    assert names_of_text(f'$:{name} ') == names_of_text(f'$: {name}')


def test_predefined_lvis_is_in_a_vocabulary_of_the_lvis_configs():
    whole = make_vocabulary(LVIS_ALL_1203, 4)
    names = names_of_text('$: lvis')
    assert torch.equal(whole.select(names).embeddings, whole.embeddings)


def test_unknown_predefined_lists_the_known():
    with pytest.raises(ValueError, match="'cocoo'.*not know.*coco,"):
        names_of_text('$: cocoo')


@pytest.mark.parametrize('text', ['', ' . ', '...', '\n'])
def test_text_without_a_name(text):
    with pytest.raises(ValueError, match='no class name in it: write names'):
        names_of_text(text)


def test_repeated_name():
    with pytest.raises(ValueError, match="more than once: 'cat'"):
        names_of_text('cat . dog . cat')


@pytest.mark.parametrize('text', [
    'cat, dog', 'there are a lot of cars on the road'])
def test_sentence_is_pointed_out(text, recwarn):
    assert names_of_text(text) == (text, )
    assert 'is taken as one class name; separate' in str(recwarn[0].message)


@pytest.mark.parametrize('text', [
    'cat', 'a traffic cone on the left', 'x . there are a lot of cars here'])
def test_no_false_alarm(text, recwarn):
    names_of_text(text)
    names_of_text('cat, dog', custom_entities=True)
    assert not recwarn.list


def test_per_image():
    assert names_per_image('cat . dog', None, 2) == [('cat', 'dog')] * 2
    assert names_per_image(['cat', ['dog']], None, 2) == [('cat', ), ('dog', )]
    assert names_per_image(None, ['cat'], 2) == [('cat', )] * 2
    assert names_per_image(None, make_vocabulary(), 2) == []
    assert names_per_image(None, None, 2) == []


@pytest.mark.parametrize('texts, vocabulary, message', [
    ('cat', ['dog'], 'give either texts or vocabulary, not both'),
    ('cat', make_vocabulary(), 'give either texts or vocabulary, not both'),
    (['cat', 'dog'], None, '2 texts for 3 images.*vocabulary='),
    (None, [], 'vocabulary is empty'),
    (None, ['a', 'a'], "more than once: 'a'"),
    (['a', 'b', ''], None, 'no class name')])
def test_what_cannot_be_meant(texts, vocabulary, message):
    with pytest.raises(ValueError, match=message):
        names_per_image(texts, vocabulary, 3)


def test_text_as_vocabulary():
    with pytest.raises(TypeError, match=r"must be a list.*\['cat . dog'\]"):
        names_per_image(None, 'cat . dog', 1)


def test_a_path_is_a_vocabulary(tmp_path):
    make_vocabulary().save(tmp_path / 'v.pth')
    for path in (tmp_path / 'v.pth', str(tmp_path / 'v.pth')):
        assert opened(path).names == make_vocabulary().names
    for other in (None, ['a.pth'], 'cat', make_vocabulary()):
        assert opened(other) is other
    with pytest.raises(FileNotFoundError, match='none.pth'):
        opened(str(tmp_path / 'none.pth'))
