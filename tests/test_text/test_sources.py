"""Vocabulary sources: built from configs, lazily, with helpful errors."""
import pytest
import torch

from mmdet.registry import TASK_UTILS
from regionclip_mm.text import (PromptedVocabulary, Vocabulary, VocabularyFile,
                                encode_vocabulary)
from regionclip_mm.text import sources as sources_module


def prompted(**kwargs):
    return TASK_UTILS.build(dict(type='PromptedVocabulary', **kwargs))


def test_file(tmp_path):
    path = str(tmp_path / 'v.pth')
    whole = TASK_UTILS.build(dict(type='VocabularyFile', path=path))
    part = TASK_UTILS.build(
        dict(type='VocabularyFile', path=path, names=['c', 'a']))
    Vocabulary('abc'.split() + ['b', 'c', 'a'], torch.rand(4, 2)).save(path)
    assert whole.build().names == ('abc', 'b', 'c', 'a')
    assert part.build().names == ('c', 'a')


def test_missing_file():
    source = TASK_UTILS.build(dict(type='VocabularyFile', path='no/v.pth'))
    with pytest.raises(FileNotFoundError, match='no vocabulary file no/v.pth '
                       r'\(vocabulary.path .*tools/build_vocabulary.py'):
        source.build()


def test_prompted_from_a_config(nano, nano_file, tmp_path):
    encoder = dict(type='CLIPTextEncoder', arch='nano', checkpoint=nano_file)
    source = prompted(names=['cat', 'dog'], text_encoder=encoder,
                      cache_dir=str(tmp_path))
    assert not list(tmp_path.iterdir())
    expected = encode_vocabulary(['cat', 'dog'], nano)
    torch.testing.assert_close(source.build().embeddings, expected.embeddings)


def test_the_second_time_nothing_is_encoded(nano, tmp_path, monkeypatch):
    source = prompted(names=['cat', 'dog'], text_encoder=nano,
                      templates='name_only', cache_dir=tmp_path)
    first = source.build()
    monkeypatch.setattr(sources_module, 'encode_vocabulary', None)
    again = prompted(names=('cat', 'dog'), text_encoder=nano,
                     templates=['{}'], cache_dir=tmp_path).build()
    assert torch.equal(first.embeddings, again.embeddings)
    with pytest.raises(TypeError):  # other names are not in the cache
        prompted(names=['dog', 'cat'], text_encoder=nano,
                 templates='name_only', cache_dir=tmp_path).build()


def test_long_runs_show_their_progress(nano, tmp_path, capsys):
    for count, shown in ((10, False), (80, True)):
        prompted(names=[f'name {i}' for i in range(count)], text_encoder=nano,
                 templates='name_only', cache_dir=tmp_path).build()
        assert ('10/10' in capsys.readouterr().err) == shown


def test_untrained_encoders_are_refused(tmp_path):
    source = prompted(names=['cat'], cache_dir=tmp_path,
                      text_encoder=dict(type='CLIPTextEncoder', arch='nano'))
    with pytest.raises(RuntimeError, match='text_encoder.checkpoint'):
        source.build()
    assert not list(tmp_path.iterdir())


def test_mistakes_are_found_before_anything_is_built():
    encoder = dict(type='CLIPTextEncoder', arch='rn50')
    with pytest.raises(ValueError, match="more than once: 'cat'"):
        prompted(names=['cat', 'cat'], text_encoder=encoder)
    with pytest.raises(ValueError, match='templates must be one of'):
        prompted(names=['cat'], text_encoder=encoder, templates='clip80')


@pytest.mark.parametrize('build, message', [
    (lambda: VocabularyFile(None), 'vocabulary.path=None: give the path'),
    (lambda: VocabularyFile(3), 'vocabulary.path=3: give the path'),
    (lambda: PromptedVocabulary(['cat'], None),
     'vocabulary.text_encoder=None: give the config of one'),
    (lambda: PromptedVocabulary(['cat'], 'rn50'), "text_encoder='rn50': give"),
    (lambda: PromptedVocabulary('cat', {}), r"write \['cat'\]"),
    (lambda: PromptedVocabulary(['cat'], {}, 3), 'templates must be a list')])
def test_arguments_of_another_type(build, message):
    with pytest.raises(TypeError, match=message):
        build()
