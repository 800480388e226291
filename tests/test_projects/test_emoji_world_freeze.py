"""World v1 stays what it was when the shipped weights were trained."""

import numpy as np
import pytest

from projects.emoji_world.emoji_world import freeze

FINGERPRINT = dict(
    concepts='bb3f94c787123fe8c74175b40526b1c5'
    '9a59c662f7efc803564ebb89aa322c2e',
    splits='b2b874a12ab078d97e2f4400117f294a'
    '40178f2ea09ba523e57616534f55aa29',
    atlas='58bc6a5b7941c572417d2c51b9a9824f'
    '23ea8abdaa58043ef67f99a7ce72a2c6',
    samples='4c679a1720c639a37d061e4f18266bd5'
    'f417f9dc9486a4feac29f8660335f4dc',
    added='ed2e6de3c8c4d7e8ab93d982db890d31'
    'f0f7265e7a0cc2114dbdd5a4a43888e8')
THUMBNAILS = {
    ('eval', 0): [
        10, 14, 13, 10, 14, 14, 9, 14, 14, 10, 14, 14, 10, 13, 14, 11, 14, 13,
        12, 14, 13, 12, 14, 14, 11, 14, 14, 11, 14, 14, 11, 14, 14, 11, 14,
        14, 12, 12, 11, 10, 14, 13, 11, 14, 14, 10, 14, 14],
    ('eval_unseen', 3): [
        6, 5, 7, 6, 5, 7, 6, 5, 7, 6, 5, 7, 11, 8, 10, 13, 10, 11, 6, 5, 7, 6,
        5, 7, 11, 9, 10, 13, 9, 11, 6, 6, 8, 6, 5, 8, 7, 6, 8, 6, 5, 7, 6, 5,
        8, 6, 5, 7],
    ('pairs_train', 7): [
        13, 13, 10, 13, 13, 10, 13, 13, 10, 13, 13, 10, 12, 12, 9, 12, 12, 9,
        11, 12, 11, 12, 13, 10, 10, 11, 8, 11, 12, 9, 8, 10, 13, 11, 12, 11,
        13, 13, 10, 13, 13, 10, 12, 13, 10, 13, 13, 10],
}


@pytest.mark.parametrize('part', sorted(FINGERPRINT))
def test_world_is_frozen(part):
    assert freeze.fingerprint()[part] == FINGERPRINT[part], (
        f'world v1 changed ({part}): the shipped weights and every figure of '
        'the README belong to the old one')


@pytest.mark.parametrize('sample', sorted(THUMBNAILS))
def test_rendered_samples_look_the_same(sample):
    got = freeze.thumbnail(*sample).reshape(-1)
    assert np.abs(got - THUMBNAILS[sample]).max() <= 1
