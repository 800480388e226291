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
