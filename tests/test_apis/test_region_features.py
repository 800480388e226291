"""RegionInferencer.region_features: the detector's own embeddings."""
import numpy as np
import pytest
import torch
from nano import CLASSES, make_image, make_vocabulary
from torch.nn.functional import normalize

from regionclip_mm.apis import ImageError
from regionclip_mm.apis.region_features import network_input

BOXES = [[4, 5, 40, 50], [0, 0, 80, 60], [30.5, 10, 50, 20.25]]


def test_features_of_boxes(detect):
    """The same as encode_regions gives, by hand."""
    image = make_image()
    found = detect.region_features(image, BOXES)
    batch = network_input(detect, image)
    scale = 64 / 60
    with torch.no_grad():
        wanted = detect.model.encode_regions(
            batch['inputs'], [torch.tensor(BOXES) * scale])
    torch.testing.assert_close(found.features, wanted, rtol=1e-5, atol=1e-5)
    assert found.boxes.tolist() == BOXES
    assert found.objectness.tolist() == [1, 1, 1]
    assert found.names == () and found.labels is found.probabilities is None
    assert len(found) == 3 and found.features.norm(dim=1).min() != 1
    with pytest.raises(ValueError, match='no words to choose from'):
        found.top()


def test_proposals_and_words(detect):
    found = detect.region_features(make_image(), texts='cat . dog')
    assert len(found) > 10 and found.boxes[:, 2].max() <= 80.01
    assert found.boxes[:, 3].max() == pytest.approx(60, abs=0.1)
    assert found.names == ('cat', 'dog')
    assert found.probabilities.shape == (len(found), 2)
    assert (found.probabilities.sum(1) < 1).all()
    best = found.top(1)
    assert [name for [(name, _)] in best] == [
        found.names[label] for label in found.labels]
    assert len(found.top(9)[0]) == 2
    assert detect.model.vocabulary is None
    with pytest.raises(ValueError, match='k=0'):
        found.top(0)


def test_probabilities_are_those_of_detection(detect):
    vocabulary = make_vocabulary()
    found = detect.region_features(make_image(), BOXES, vocabulary=vocabulary)
    cosine = normalize(found.features) @ normalize(vocabulary.embeddings).T
    wanted = torch.nn.functional.pad(cosine / 0.1, (0, 1)).softmax(1)[:, :3]
    torch.testing.assert_close(found.probabilities, wanted)
    assert found.names == CLASSES


@pytest.mark.parametrize('boxes', [[], np.zeros((0, 4)), torch.zeros(0, 4)])
def test_no_boxes(detect, boxes):
    found = detect.region_features(make_image(), boxes,
                                   vocabulary=make_vocabulary())
    assert found.boxes.shape == (0, 4) and found.features.shape == (0, 128)
    assert found.probabilities.shape == (0, 3) and found.top() == []
    assert found.labels.shape == (0, )


def test_no_proposals(detect, monkeypatch):
    monkeypatch.setattr(detect.model.proposal_source, 'sizes', (0.25, ))
    monkeypatch.setattr(
        detect.model.proposal_source, '_windows',
        lambda shape, fraction, like: like.new_zeros(0, 4))
    assert detect.region_features(make_image()).features.shape == (0, 128)


def test_boxes_are_cut_off_at_the_border(detect):
    found = detect.region_features(make_image(), [[-9, -9, 200, 30]])
    assert found.boxes.tolist() == [[0, 0, 80, 30]]
    inside = detect.region_features(make_image(), [[0, 0, 80, 30]])
    assert torch.equal(found.features, inside.features)


@pytest.mark.parametrize('boxes, message', [
    ([1, 2, 3, 4], r'boxes have shape \(4,\): give \(N, 4\)'),
    (np.zeros((2, 5)), r'shape \(2, 5\)'),
    (np.zeros((2, 0)), r'shape \(2, 0\)'),
    ('all', 'boxes should be numbers'),
    ([[0, 0, 9, 9], [0, 0, np.nan, 9]], 'box 1 is not finite'),
    ([[90, 0, 99, 9]], 'box 0, .* has no area inside of the image of 80 x 60'),
    ([[9, 9, 5, 20]], 'give x1 < x2 and y1 < y2'),
])
def test_boxes_that_are_none(detect, boxes, message):
    with pytest.raises(ValueError, match=message):
        detect.region_features(make_image(), boxes)


def test_other_mistakes(detect, tmp_path):
    (tmp_path / 'a.png').write_bytes(b'no image')
    with pytest.raises(ImageError, match='a.png is not an image'):
        detect.region_features(tmp_path / 'a.png')
    with pytest.raises(ValueError, match='either texts or vocabulary'):
        detect.region_features(make_image(), texts='cat', vocabulary=['dog'])
    with pytest.raises(ValueError, match='different CLIP models'):
        detect.region_features(make_image(),
                               vocabulary=make_vocabulary(dim=7))
