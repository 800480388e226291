"""encode_vocabulary: the mean over prompts, whatever the names are."""
import warnings

import pytest
import torch

from regionclip_mm.text import CLIP_TEMPLATES, encode_vocabulary


def test_mean_of_unnormalised_prompts(nano):
    names = ['dog', 'fire_hydrant', 'bow_(tie)']
    vocabulary = encode_vocabulary(names, nano)
    words = ['dog', 'fire hydrant', 'bow tie']
    for row, name in zip(vocabulary.embeddings, words):
        prompts = [t.replace('{}', name) for t in CLIP_TEMPLATES]
        torch.testing.assert_close(row, nano.encode(prompts).mean(0),
                                   rtol=1e-5, atol=1e-6)
    assert vocabulary.names == tuple(names)
    assert vocabulary.meta == dict(
        arch='nano', text_encoder=nano.fingerprint(),
        templates=list(CLIP_TEMPLATES))


def test_names_keep_their_order_in_any_number(nano):
    names = [f'{word} {n}' for n in range(20) for word in ('cat', 'dog')]
    whole = encode_vocabulary(names, nano, 'name_only')
    part = encode_vocabulary(names[::-7], nano, 'name_only')
    torch.testing.assert_close(part.embeddings,
                               whole.select(names[::-7]).embeddings,
                               rtol=1e-5, atol=1e-6)


def test_progress_sees_every_step(nano):
    seen = []

    def progress(steps):
        for step in steps:
            seen.append(len(step))
            yield step

    encode_vocabulary(map(str, range(40)), nano, ['{}'], progress)
    assert seen == [8] * 5


def test_very_long_names_are_cut_with_a_warning(nano):
    name = 'very ' * 100 + 'long'
    with pytest.warns(UserWarning, match=r"'very very .*\.\.\. makes prompts "
                      'of .* only the first 75'):
        vocabulary = encode_vocabulary([name, 'dog'], nano)
    assert vocabulary.names[0] == name
    assert torch.isfinite(vocabulary.embeddings).all()


def test_unicode_names_differ(nano):
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        vocabulary = encode_vocabulary(['犬', '猫', 'café', '🐕'], nano)
    assert len(torch.unique(vocabulary.embeddings, dim=0)) == 4


@pytest.mark.parametrize('names, message', [
    ([], 'vocabulary is empty'),
    (['dog', 'dog'], "given more than once: 'dog'"),
    (['()'], 'has no words in it'),
    ('dog', 'must be a list'),
])
def test_bad_names(nano, names, message):
    with pytest.raises((ValueError, TypeError), match=message):
        encode_vocabulary(names, nano)


def test_broken_weights_are_not_blamed_on_a_word(make_nano):
    encoder = make_nano(seed=0)
    encoder.model.text_projection.weight.data[0, 0] = float('nan')
    with pytest.raises(ValueError, match='1 weights of the text encoder are '
                       "not finite.*'model.text_projection.weight'"):
        encode_vocabulary(['cat'], encoder, 'name_only')
