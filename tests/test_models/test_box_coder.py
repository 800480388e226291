"""Box deltas against the reference's numbers."""
from pathlib import Path

import numpy as np
import pytest
import torch

import regionclip_mm.models  # noqa: F401
from mmdet.registry import TASK_UTILS

GOLDEN = Path(__file__).parents[1] / 'data' / 'parity' / 'g7_units.npz'
STDS = dict(rpn=[1.0] * 4, roi=[0.1, 0.1, 0.2, 0.2])


@pytest.fixture(scope='module')
def arrays():
    with np.load(GOLDEN) as file:
        return {key: torch.from_numpy(file[key]) for key in file.files
                if key.startswith('box_')}


def coder(kind):
    return TASK_UTILS.build(dict(
        type='GrowthLimitedBoxCoder', target_stds=STDS[kind]))


@pytest.mark.parametrize('kind', STDS)
def test_decoding(arrays, kind):
    """Parity: g7_units, deltas beyond the limit on both sides included."""
    deltas = arrays[f'box_{kind}_deltas']
    boxes = coder(kind).decode(arrays[f'box_{kind}_src'], deltas)
    torch.testing.assert_close(boxes, arrays[f'box_{kind}_decoded'],
                               rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize('kind', STDS)
def test_encoding(arrays, kind):
    deltas = coder(kind).encode(arrays[f'box_{kind}_src'],
                                arrays[f'box_{kind}_dst'])
    torch.testing.assert_close(deltas, arrays[f'box_{kind}_encoded'],
                               rtol=1e-5, atol=1e-4)


def test_classes_side_by_side_and_nothing_at_all():
    boxes = torch.tensor([[0.0, 0.0, 10.0, 20.0]])
    deltas = torch.tensor([[0.0, 0.0, -40.0, 0.0, 0.0, 0.0, 40.0, 0.0]])
    both = coder('rpn').decode(boxes, deltas, max_shape=(15, 8))
    assert both.tolist() == [[5.0, 0.0, 5.0, 15.0, 0.0, 0.0, 8.0, 15.0]]
    assert deltas[0, 6] == 40  # the caller's deltas are not touched
    assert coder('rpn').decode(boxes[:0], deltas[:0, :4]).shape == (0, 4)
