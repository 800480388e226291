import pytest
import torch
from nano import nano_detector

from regionclip_mm.apis.word_cache import (WordCache, encode_all, encode_names,
                                           using)
from regionclip_mm.text import encode_vocabulary


@pytest.fixture(scope='module')
def detector():
    return nano_detector()


@pytest.fixture
def encoded(detector, monkeypatch) -> list:
    """Texts that the encoder was given."""
    texts, encode = [], detector.text_encoder.encode
    monkeypatch.setattr(detector.text_encoder, 'encode',
                        lambda batch: texts.extend(batch) or encode(batch))
    return texts


def test_equal_to_encoding(detector):
    cache, names = WordCache(), ['cat', 'dog', 'traffic cone']
    cache.vocabulary(['dog'], detector.text_encoder, 'name_only')
    found = cache.vocabulary(names, detector.text_encoder, 'name_only')
    expected = encode_vocabulary(names, detector.text_encoder, 'name_only')
    assert found.names == expected.names
    assert torch.allclose(found.embeddings, expected.embeddings, atol=1e-5)
    assert found.meta == expected.meta


def test_each_name_once(detector, encoded):
    cache = WordCache()
    for names in (['cat', 'dog'], ['dog', 'bird'], ['bird', 'cat']):
        cache.vocabulary(names, detector.text_encoder, 'name_only')
    assert encoded == ['cat', 'dog', 'bird']


def test_chunks(detector, encoded):
    steps = []
    WordCache().vocabulary(
        [f'thing {i}' for i in range(5)], detector.text_encoder, 'name_only',
        chunked_size=2, progress=lambda s: steps.append(s) or s)
    assert [len(step[0]) for step in steps] == [2, 2, 1]
    assert len(encoded) == 5


def test_other_templates_are_other_words(detector, encoded):
    cache = WordCache()
    for templates in ('name_only', ['a {}.'], ['a {}.', 'the {}.']):
        cache.vocabulary(['cat'], detector.text_encoder, templates)
    assert encoded == ['cat', 'a cat.', 'a cat.', 'the cat.']


def test_other_weights_are_other_words(encoded, detector):
    cache = WordCache()
    before = cache.vocabulary(['cat'], detector.text_encoder, 'name_only')
    weight = detector.text_encoder.model.text_projection.weight
    with torch.no_grad():
        weight.mul_(2)
        after = cache.vocabulary(['cat'], detector.text_encoder, 'name_only')
        weight.div_(2)
    assert torch.allclose(after.embeddings, 2 * before.embeddings, atol=1e-5)


def test_least_recently_used_goes_first(detector, encoded):
    cache = WordCache(capacity=2)
    for names in (['a', 'b'], ['a'], ['c'], ['a'], ['b']):
        cache.vocabulary(names, detector.text_encoder, 'name_only')
    assert encoded == ['a', 'b', 'c', 'b']
    assert len(cache) == 2
    many = [f'x{i}' for i in range(5)]  # more than it keeps
    found = cache.vocabulary(many, detector.text_encoder, 'name_only')
    assert found.names == tuple(many) and len(cache) == 2


def test_all_names_of_a_call(detector, encoded):
    cache, steps = WordCache(), []
    both = [('cat', 'dog'), ('dog', 'bird')]
    assert encode_all(detector, both, cache, 2, lambda s: steps.append(s) or s
                      ) is None
    assert encoded == ['cat', 'dog', 'bird'] and len(steps) == 2
    shared = encode_all(detector, both[:1] * 3, cache)
    assert shared.names == both[0] and len(encoded) == 3
    assert encode_all(detector, [], cache) is None


def test_using_is_temporary(detector):
    detector.set_vocabulary(['cat'])
    with pytest.raises(KeyError):
        with using(detector, encode_names(detector, ('dog', ), WordCache())):
            assert detector.vocabulary.names == ('dog', )
            raise KeyError
    assert detector.vocabulary.names == ('cat', )
    with using(detector, None):
        assert detector.vocabulary.names == ('cat', )


def test_without_text_encoder_names_of_the_vocabulary():
    detector = nano_detector()
    detector.set_vocabulary(['cat', 'dog'])
    detector.text_encoder = None
    assert encode_names(detector, ('dog', ), WordCache()).names == ('dog', )
    with pytest.raises(ValueError, match="'dgo' .nearest: 'dog'"):
        encode_names(detector, ('dgo', ), WordCache())
    for layer in detector.classifiers:
        layer.set_test_vocabulary(None)
    with pytest.raises(ValueError, match='neither model.text_encoder'):
        encode_names(detector, ('dog', ), WordCache())
