"""What a call of the inferencer does once, not once per image."""
import pytest
from nano import make_image, make_vocabulary

IMAGES = [make_image(seed=seed) for seed in range(3)]


@pytest.fixture
def chosen(detect, monkeypatch) -> list:
    """Names of the vocabularies that the detector is told to use."""
    names, real = [], detect.model.set_vocabulary
    monkeypatch.setattr(detect.model, 'set_vocabulary', lambda vocabulary: (
        names.append(vocabulary.names), real(vocabulary)))
    return names


@pytest.mark.parametrize('words', [
    dict(texts='cat . dog'), dict(texts=['cat . dog'] * 3),
    dict(vocabulary=['cat', 'dog']),
    dict(vocabulary=make_vocabulary(['cat', 'dog']))])
def test_the_same_words_are_chosen_once(detect, chosen, words):
    results = detect(IMAGES, **words)['predictions']
    assert chosen == [('cat', 'dog')]
    assert all(set(found['label_names']) <= {'cat', 'dog'} and
               found['label_names'] for found in results)
    assert detect.model.vocabulary is None  # as before the call


def test_other_words_are_chosen_with_their_images(detect, chosen):
    detect(IMAGES, texts=['cat', 'dog', 'cat'], batch_size=3)
    assert chosen == [('cat', ), ('dog', )]


@pytest.mark.parametrize('samples', [False, True])
def test_predictions_are_put_into_plain_data_once(
        detect, samples, tmp_path, monkeypatch):
    seen, real = [], detect.pred2dict
    monkeypatch.setattr(detect, 'pred2dict', lambda sample, *args: (
        seen.append(sample) or real(sample, *args)))
    detect(IMAGES, texts='cat', return_datasamples=samples, no_save_pred=False,
           out_dir=str(tmp_path), no_save_vis=True)
    assert len(seen) == 3
    assert (tmp_path / 'predictions.json').exists()


def test_pictures_without_a_box_are_drawn(detect):
    results = detect(IMAGES[0], texts='cat', min_area=1e9, return_vis=True)
    assert results['predictions'][0]['scores'] == []
    assert results['visualization'][0].shape == IMAGES[0].shape
