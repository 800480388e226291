"""Vocabularies that are empty, wrong or unusual, through the inferencer."""
import warnings

import pytest
from nano import make_image, make_vocabulary, write_nano

from regionclip_mm.apis import RegionInferencer


@pytest.mark.parametrize('words, message', [
    (dict(), "say what to look for: texts='cat . dog' or vocabulary="),
    (dict(texts=''), "text '' has no class name in it"),
    (dict(texts=[]), '0 texts for 1 images'),
    (dict(texts=[[]]), 'vocabulary is empty: give at least one name'),
    (dict(vocabulary=[]), 'vocabulary is empty: give at least one name'),
    (dict(vocabulary=['cat', ' ']), "not blank, got ' '"),
    (dict(vocabulary=['cat', 3]), 'must be texts'),
    (dict(vocabulary=['cat', 'dog', 'cat']), "given more than once: 'cat'"),
    (dict(vocabulary=['()', 'cat']), r"class name '\(\)' has no words in it"),
    (dict(vocabulary=['']), "not blank, got ''"),
    (dict(vocabulary=['cat', '\ud83d']), 'lone surrogate'),
    (dict(texts='cat . \ud83d'), 'lone surrogate'),
    (dict(texts='cat', vocabulary=['cat']), 'either texts or vocabulary'),
    (dict(texts='$: cocoa'), "'cocoa', which mmdet does not know"),
    (dict(texts='cat', tokens_positive=-1), 'tokens_positive is for models'),
    (dict(texts='cat', scores='rpn'), "scores='rpn': choose one of"),
    (dict(vocabulary=make_vocabulary(dim=64)),
     'vocabulary has 64-dimensional embeddings, the region encoder gives 128'
     '.*tools/build_vocabulary.py')])
def test_what_cannot_be_looked_for(detect, words, message):
    with pytest.raises(ValueError, match=message):
        detect(make_image(), **words)
    assert detect.model.vocabulary is None  # nothing was left behind


@pytest.mark.parametrize('words, message', [
    (dict(texts=3), "texts=3: give a text for all images, as in 'cat . dog'"),
    (dict(texts=[None]), r'texts\[0\] is None: give a text such as'),
    (dict(texts=[3.5]), r'texts\[0\] is 3.5'),
    (dict(texts={'cat': 1}), "texts={'cat': 1}: give a text"),
    (dict(vocabulary=3), 'must be a list of texts, got int: 3'),
    (dict(vocabulary='cat'), r"for one class write \['cat'\]")])
def test_what_is_no_text(detect, words, message):
    with pytest.raises(TypeError, match=message):
        detect(make_image(), **words)


@pytest.mark.parametrize('option, message', [
    (dict(min_area=float('nan')), 'min_area=nan: give'),
    (dict(max_boxes=1.5), 'max_boxes=1.5: give'),
    (dict(pred_score_thr=float('nan')), 'pred_score_thr=nan: give a finite'),
    (dict(pred_score_thr='0.3'), "pred_score_thr='0.3': give a finite"),
    (dict(wait_time=-1), 'wait_time=-1: give a number of seconds'),
    (dict(batch_size=-2), 'batch_size=-2: give a positive number'),
    (dict(batch_size=1.5), 'batch_size=1.5: give a positive number'),
    (dict(batch_size=float('nan')), 'batch_size=nan: give'),
    (dict(chunked_size=2.5), 'chunked_size=2.5: give a whole number'),
    (dict(unique_boxes='yes'), "unique_boxes='yes': give True or False"),
    (dict(return_vis='no'), "return_vis='no': give True or False")])
def test_options_out_of_range(detect, option, message):
    with pytest.raises(ValueError, match=message):
        detect(make_image(), texts='cat', **option)


def test_options_of_the_inferencer(nano_files):
    with pytest.raises(ValueError, match='cached_names=-1: give a whole'):
        RegionInferencer(*nano_files, device='cpu', cached_names=-1)


@pytest.mark.parametrize('words', [
    dict(vocabulary=['cat', 'Cat', 'dog']), dict(vocabulary=['cat', ' cat']),
    dict(texts='cat . CAT'), dict(vocabulary=['traffic_light',
                                              'traffic  light'])])
def test_names_that_are_the_same_words(detect, words):
    """Allowed, for datasets have such; but they share their detections."""
    for _ in range(2):  # also when the words are in memory
        with pytest.warns(UserWarning, match='are the same words for CLIP'):
            detect(make_image(), **words)


def test_names_of_different_images_may_be_the_same_words(detect):
    with warnings.catch_warnings():
        warnings.filterwarnings('error', '.*same words')
        detect([make_image()] * 2, texts=['bird', 'Bird'])


def test_broken_weights_are_not_blamed_on_a_word(nano_files, tmp_path):
    import torch
    config, weights = nano_files
    data = torch.load(weights)
    key = 'text_encoder.model.text_projection.weight'
    data['state_dict'][key] = torch.full_like(data['state_dict'][key],
                                              float('nan'))
    torch.save(data, tmp_path / 'nan.pth')
    with pytest.raises(ValueError, match='1 not finite numbers: text_encoder'
                       '.model.text_projection.weight'):
        RegionInferencer(config, str(tmp_path / 'nan.pth'), device='cpu')


def test_wrong_dimension_in_the_config(tmp_path):
    make_vocabulary(dim=64).save(tmp_path / 'v.pth')
    detect = RegionInferencer(
        *write_nano(tmp_path, vocabulary=dict(
            type='VocabularyFile', path=str(tmp_path / 'v.pth'))),
        device='cpu', show_progress=False)
    with pytest.raises(ValueError, match='64-dimensional embeddings, the '
                       'region encoder gives 128.*cls_predictor_cfg'):
        detect(make_image())
    assert detect(make_image(), texts='cat')['predictions'][0]['scores']


def test_missing_vocabulary_file_matters_only_if_it_is_used(tmp_path):
    source = dict(type='VocabularyFile', path=str(tmp_path / 'none.pth'))
    detect = RegionInferencer(*write_nano(tmp_path, vocabulary=source),
                              device='cpu', show_progress=False)
    assert detect(make_image(), texts='cat')['predictions'][0]['scores']
    with pytest.raises(FileNotFoundError, match='no vocabulary file.*none.pth'
                       '.*tools/build_vocabulary.py'):
        detect(make_image())


def test_very_long_name(detect, tmp_path):
    name = 'very ' * 300 + 'long cat'
    with pytest.warns(UserWarning, match='only the first 75 are used'):
        found = detect(make_image(), vocabulary=[name, 'dog'],
                       out_dir=str(tmp_path), pred_score_thr=0)
    assert set(found['predictions'][0]['label_names']) <= {name, 'dog'}


@pytest.mark.parametrize('names', [
    ['größe', '猫', 'кошка', '🐈', 'é'], ["it's", 'a "b"', '<c> & d'],
    ['50% of {}', r'\frac', '$x$ and $', 'a_b^{c', '#1'],
    ['line\nbreak', 'tab\tbed', 'nul\x00l']])
def test_any_characters(detect, tmp_path, names):
    with warnings.catch_warnings():
        warnings.filterwarnings('ignore', 'Glyph')
        found = detect(make_image(), vocabulary=names, out_dir=str(tmp_path),
                       no_save_pred=False, pred_score_thr=0)
    assert set(found['predictions'][0]['label_names']) <= set(names)
    assert (tmp_path / 'predictions.json').exists()


def test_no_weights_for_words(nano_files, tmp_path):
    import torch
    config, weights = nano_files
    data = torch.load(weights)
    data['state_dict'] = {k: v for k, v in data['state_dict'].items()
                          if not k.startswith('text_encoder.')}
    torch.save(data, tmp_path / 'visual.pth')
    detect = RegionInferencer(config, str(tmp_path / 'visual.pth'),
                              device='cpu', show_progress=False)
    with pytest.raises(RuntimeError, match='no trained weights.*--clip'):
        detect(make_image(), texts='cat')
    found = detect(make_image(), vocabulary=make_vocabulary())
    assert found['predictions'][0]['scores']
