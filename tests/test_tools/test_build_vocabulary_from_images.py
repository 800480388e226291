"""Vocabularies of example images, alone and with words."""
import re
from pathlib import Path

import pytest
import torch
from features import tool, write_coco, write_detector, write_images
from hypothesis import given
from hypothesis import strategies as st
from mmengine.config import Config
from torch.nn.functional import normalize

from mmdet.registry import TASK_UTILS
from regionclip_mm.apis import RegionInferencer
from regionclip_mm.apis.example_vocabulary import (share_inside,
                                                   vocabulary_of_examples)
from regionclip_mm.apis.weight_hashes import encoder_hash
from regionclip_mm.text import Vocabulary


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    return write_detector(tmp_path_factory.mktemp('detector'))


@pytest.fixture
def build(files, tmp_path, monkeypatch):
    """Runs the tool on a COCO file of four boxes."""
    monkeypatch.chdir(tmp_path)
    write_images(Path('images'), bad=())
    write_coco(Path('examples.json'), {
        0: [('cat', [1, 2, 30, 40]), ('dog', [0, 0, 20, 20])],
        2: [('dog', [10, 10, 50, 50]), ('dog', [40, 0, 30, 60])]})

    def run(*options, examples='examples.json'):
        tool('build_vocabulary_from_images')(
            [*files, '--examples', examples, '--image-root', 'images',
             '--out', 'out.pth', '--device', 'cpu', *options])
        return Vocabulary.load('out.pth')
    return run


@pytest.fixture(scope='module')
def own_detect(files):
    return RegionInferencer(*files, device='cpu', show_progress=False)


def test_boxes_are_examples(build, own_detect):
    found = build()
    assert found.names == ('cat', 'dog')
    rows = torch.cat([
        own_detect.region_features('images/0.png', [[0, 0, 20, 20]]).features,
        own_detect.region_features(
            'images/2.png', [[10, 10, 60, 60], [40, 0, 70, 60]]).features])
    wanted = normalize(normalize(rows).mean(0), dim=0)
    torch.testing.assert_close(found.embeddings[1], wanted)
    assert found.meta == dict(
        arch='nano', examples=dict(cat=1, dog=3),
        encoder_sha256=encoder_hash(own_detect.model))
    first = build('--most', '1')
    torch.testing.assert_close(first.embeddings[1], normalize(rows)[0])


def test_folders_of_images(build, own_detect):
    for name, count in (('cat', 1), ('traffic cone', 2)):
        write_images(Path('all') / name, count, bad=())
    found = build(examples='all')
    assert found.names == ('cat', 'traffic cone')
    whole = own_detect.region_features('all/cat/0.png', [[0, 0, 80, 60]])
    torch.testing.assert_close(found.embeddings[0],
                               normalize(whole.features[0], dim=0))
    assert found.meta['examples'] == {'cat': 1, 'traffic cone': 2}


def test_it_is_a_vocabulary_like_others(build, own_detect):
    """An example is classified as what it is an example of."""
    build('--most', '1')
    found = own_detect.region_features(
        'images/0.png', [[1, 2, 31, 42], [0, 0, 20, 20]],
        vocabulary='out.pth')
    assert [words[0][0] for words in found.top(1)] == ['cat', 'dog']
    assert own_detect('images/0.png', vocabulary='out.pth')['predictions']
    source = Config(dict(a=dict(type='VocabularyFile', path='out.pth',
                                names=['dog']))).a
    assert TASK_UTILS.build(source).build().names == ('dog', )


@pytest.mark.parametrize('most', [(), ('--most', '1')])
def test_with_words(build, own_detect, most):
    """Words stay as they are; see test_levels for the others."""
    found = build('--names', 'bird', 'dog', 'tree', *most)
    assert found.names == ('cat', 'dog', 'bird', 'tree')
    words = own_detect.model.text_encoder.encode(['bird', 'tree'])
    torch.testing.assert_close(found.embeddings[2:], normalize(words),
                               rtol=1e-4, atol=1e-5)


def test_levels():
    """Two kinds of image that have much in common; a word has not."""
    torch.manual_seed(0)
    common, *own = normalize(torch.randn(4, 64))
    images = {name: normalize(2 * common + row + torch.randn(9, 64) / 32)
              for name, row in zip('ab', own)}
    word = Vocabulary(('c', ), normalize(own[2] + common / 4, dim=0)[None])
    plain = vocabulary_of_examples(images)
    mixed = vocabulary_of_examples(images, word)
    unseen = normalize(2 * common + own[2], dim=0)
    assert (normalize(plain.embeddings) @ unseen).min() > 0.7
    scores = normalize(mixed.embeddings) @ unseen
    assert scores.argmax() == 2
    for number, name in enumerate('ab'):
        scores = normalize(mixed.embeddings) @ images[name][0]
        assert scores.argmax() == number
    every = torch.cat([*images.values()])
    level = (every @ normalize(word.embeddings).T).mean()
    assert (images['b'] @ mixed.embeddings[0]).mean() == pytest.approx(
        level.item(), abs=1e-4)


def test_one_name_with_words(build):
    """It is compared with what is around its examples."""
    write_coco(Path('one.json'), {0: [('cat', [1, 2, 30, 40])]})
    found = build('--names', 'bird', examples='one.json')
    assert found.names == ('cat', 'bird')
    with pytest.raises(ValueError, match='one name with examples cannot be '
                       'mixed with words'):
        vocabulary_of_examples(dict(a=torch.ones(1, 128)), found)


def test_one_name_of_whole_images_with_words(build):
    write_images(Path('all/cat'), 1, bad=())
    with pytest.raises(SystemExit, match='one name with examples cannot be '
                       'mixed with words'):
        build('--names', 'bird', examples='all')


@given(boxes=st.lists(st.tuples(*[st.integers(0, 30)] * 2,
                                *[st.integers(1, 30)] * 2), min_size=1),
       other=st.tuples(*[st.integers(0, 30)] * 2, *[st.integers(1, 30)] * 2))
def test_share_inside(boxes, other):
    """Against counting pixels."""
    def mask(x, y, w, h):
        found = torch.zeros(64, 64, dtype=torch.bool)
        found[y:y + h, x:x + w] = True
        return found
    corners = torch.tensor([[x, y, x + w, y + h]
                            for x, y, w, h in (*boxes, other)]).float()
    got = share_inside(corners[:-1], corners[-1:])[:, 0]
    wanted = [(mask(*box) & mask(*other)).sum() / mask(*box).sum()
              for box in boxes]
    torch.testing.assert_close(got, torch.tensor(wanted))


def test_examples_of_other_weights(build, own_detect):
    found = build()
    found.meta['encoder_sha256'] = '0' * 64
    with pytest.raises(ValueError, match='embedded by other weights'):
        own_detect('images/0.png', vocabulary=found)


def test_a_name_with_both(build, own_detect):
    images, both = build(), build('--names', 'cat', 'dog')
    words = own_detect.model.text_encoder.encode(['cat', 'dog'])
    torch.testing.assert_close(both.embeddings, normalize(
        images.embeddings + normalize(words)), rtol=1e-4, atol=1e-5)


def test_an_example_that_is_no_image(build):
    Path('images/2.png').write_bytes(b'no image')
    with pytest.raises(SystemExit, match='images/2.png is not an image, or'):
        build()
    Path('images/2.png').unlink()
    with pytest.raises(SystemExit, match='images/2.png does not exist'):
        build()
    assert not Path('out.pth').exists()


@pytest.mark.parametrize('annotations, message', [
    ({}, 'one.json has no boxes, which would be the examples'),
    ({1: [('cat', [900, 0, 5, 5])]}, r'images/1.png: box 0, .* has no area'),
    ({7: [('cat', [0, 0, 5, 5])]}, 'images that it does not have: image_id 7'),
])
def test_bad_files(build, annotations, message):
    write_coco(Path('one.json'), annotations)
    with pytest.raises(SystemExit, match=message):
        build(examples='one.json')


def test_boxes_of_an_unknown_category(build):
    write_coco(Path('one.json'), {1: [('cat', [1, 0, 5, 5])]})
    text = Path('one.json').read_text()
    Path('one.json').write_text(re.sub('"category_id": [0-9]+',
                                       '"category_id": 99', text))
    with pytest.raises(SystemExit, match='categories that it does not have: '
                       'category_id 99'):
        build(examples='one.json')


def test_bad_folders(build):
    for folder, message in (('images', 'images has no folders in it'),
                            ('.', 'folder empty has no images in it'),
                            ('no', 'there is no folder or COCO file no')):
        Path('empty').mkdir(exist_ok=True)
        with pytest.raises(SystemExit, match=message):
            build(examples=folder)
