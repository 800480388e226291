"""CLIPTokenizer against the goldens, another implementation, and any text."""
import json
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from regionclip_mm.text import CLIP_TEMPLATES, CLIPTokenizer
from regionclip_mm.text.bpe import build_bpe, printable_bytes, read_merges

PARITY = Path(__file__).parents[1] / 'data' / 'parity'
TOKENIZER = CLIPTokenizer()


@pytest.mark.parametrize('case, texts', [('g1_tokenizer', 'strings'),
                                         ('g1_text_rn50', 'prompts')])
def test_ids_are_those_of_the_reference(case, texts):
    golden = np.load(PARITY / f'{case}.npz')
    strings = json.loads((PARITY / f'{case}.json').read_text())[texts]
    ids = CLIPTokenizer(overflow='cut_eot')(strings).numpy()
    np.testing.assert_array_equal(ids, golden['ids'])
    kept, whole = TOKENIZER(strings).numpy(), (ids == 49407).any(axis=1)
    np.testing.assert_array_equal(kept[whole], golden['ids'][whole])
    assert (~whole).any()
    np.testing.assert_array_equal(kept[~whole, :-1], ids[~whole, :-1])
    assert (kept[~whole, -1] == 49407).all()


def test_number_of_pieces_is_that_of_the_reference():
    golden = np.load(PARITY / 'g1_tokenizer.npz')
    strings = json.loads((PARITY / 'g1_tokenizer.json').read_text())['strings']
    assert len(strings) == 198
    pieces = [len(TOKENIZER.words_to_ids(text)) for text in strings]
    assert pieces == golden['num_bpe'].tolist()


@pytest.fixture(scope='module')
def transformers_tokenizer(tmp_path_factory):
    """transformers' pure Python CLIP tokenizer on the same vocabulary."""
    from transformers import CLIPTokenizer as Theirs
    folder = tmp_path_factory.mktemp('bpe')
    letters = list(printable_bytes().values())
    merges = read_merges(48894)
    tokens = [*letters, *(c + '</w>' for c in letters), *map(''.join, merges),
              '<|startoftext|>', '<|endoftext|>']
    vocab = {token: index for index, token in enumerate(tokens)}
    assert len(vocab) == 49408
    (folder / 'vocab.json').write_text(json.dumps(vocab))
    (folder / 'merges.txt').write_text(
        '#version: 0.2\n' + '\n'.join(map(' '.join, merges)) + '\n')
    return Theirs(folder / 'vocab.json', folder / 'merges.txt')


@settings(max_examples=200, deadline=None)
@given(text=st.one_of(st.text(max_size=60),
                      st.text('abeginorst\'sQZ 7-.!é', max_size=60)))
def test_ids_are_those_of_transformers(text, transformers_tokenizer):
    text = text.replace('&', ' ').replace('<|', ' ')  # treated differently
    assert TOKENIZER.words_to_ids(text) == transformers_tokenizer(
        text, add_special_tokens=False)['input_ids']


@settings(max_examples=200, deadline=None)
@given(texts=st.lists(st.text(), max_size=3),
       vocab_size=st.sampled_from([514, 8192, 49408]),
       overflow=st.sampled_from(['keep_eot', 'cut_eot']))
def test_any_text_gives_a_valid_row(texts, vocab_size, overflow):
    tokenizer = tokenizer_of(vocab_size, overflow)
    ids = tokenizer(texts)
    assert ids.shape == (len(texts), 77) and ids.dtype == torch.long
    assert (ids >= 0).all() and (ids < vocab_size).all()
    assert (ids[:, 0] == tokenizer.sot).all()
    assert torch.equal(ids, tokenizer_of(vocab_size, overflow, 2)(texts))
    for row, text in zip(ids, texts):
        words = tokenizer.words_to_ids(text)
        if overflow == 'keep_eot':
            end = min(len(words) + 1, 76)
            assert row[end] == tokenizer.eot
            assert (row[end + 1:] == 0).all()
        elif len(words) > 75:
            assert row[1:].tolist() == words[:76]


TOKENIZERS = {}


def tokenizer_of(vocab_size, overflow, copy=1) -> CLIPTokenizer:
    """A tokenizer that stays between the examples of a test."""
    key = vocab_size, overflow, copy
    if key not in TOKENIZERS:
        TOKENIZERS[key] = CLIPTokenizer(vocab_size, overflow=overflow)
    return TOKENIZERS[key]


@pytest.mark.parametrize('text, same', [
    ('a  photo\tof\n a dog ', 'a photo of a dog'),
    ('A PHOTO of a Dog', 'a photo of a dog'),
    ('salt &amp;amp; pepper', 'salt & pepper'),
    ('schÃ¶n', 'schön'),
    ('“quoted”', '"quoted"'),
])
def test_cleaning(text, same):
    assert torch.equal(TOKENIZER([text]), TOKENIZER([same]))


def test_a_small_vocabulary_splits_words_further():
    small, word = CLIPTokenizer(8192), 'wheelbarrow'
    assert len(small.words_to_ids(word)) > len(TOKENIZER.words_to_ids(word))
    assert small(['dog'])[0, [0, 2]].tolist() == [8190, 8191]
    assert small.words_to_ids('dog') == TOKENIZER.words_to_ids('dog')


def test_special_texts_inside_a_text_are_special_tokens():
    ids = TOKENIZER.words_to_ids('a<|endoftext|>b <|STARTOFTEXT|>')
    assert ids[1] == TOKENIZER.eot and ids[-1] == TOKENIZER.sot


def test_one_text_is_a_batch_of_one():
    assert torch.equal(TOKENIZER('dog'), TOKENIZER(['dog']))
    assert TOKENIZER([]).shape == (0, 77)


def test_words_beyond_the_cache_are_the_same(monkeypatch):
    monkeypatch.setattr('regionclip_mm.text.tokenizer.MAX_CACHED_WORDS', 2)
    text = 'one two three four one two three four'
    assert CLIPTokenizer().words_to_ids(text) == TOKENIZER.words_to_ids(text)


def test_1203_names_in_81_templates_take_less_than_two_seconds():
    names = [f'{name} {index}' for index in range(401)
             for name in ('fire hydrant', 'bow decorative ribbons', 'dog')]
    texts = [t.replace('{}', n) for n in names for t in CLIP_TEMPLATES]
    start = time.process_time()
    assert CLIPTokenizer()(texts).shape == (1203 * 81, 77)
    assert time.process_time() - start < 2


@pytest.mark.parametrize('wrong', [None, 3, b'dog', ['dog']])
def test_only_text_is_tokenized(wrong):
    with pytest.raises(TypeError, match='Only text can be tokenized'):
        TOKENIZER([wrong])


def test_bad_arguments():
    with pytest.raises(ValueError, match=r"overflow must be one of .*'cut'"):
        CLIPTokenizer(overflow='cut')
    with pytest.raises(ValueError, match='context_length must be at least 2'):
        CLIPTokenizer(context_length=1)
    for size in (513, 49409):
        with pytest.raises(ValueError, match='vocab_size must be between'):
            build_bpe(size)
