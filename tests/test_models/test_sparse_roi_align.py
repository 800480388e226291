"""RoIAlign as a sparse matrix, against mmcv's loop."""
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mmcv.ops import RoIAlign
from mmengine.config import ConfigDict

from mmdet.registry import MODELS
from regionclip_mm.models.layers.sparse_roi_align import SparseRoIAlign

# Corners in pixels around maps of up to 112: whole cells, halves and between,
# also far outside.
corner = st.one_of(st.integers(-5, 12).map(lambda n: 8.0 * n),
                   st.floats(-60, 170, width=32))
region = st.tuples(st.integers(0, 1), corner, corner, corner, corner)


def ordered(regions):
    """Regions (R, 5), the smaller coordinate first."""
    rois = torch.tensor(regions, dtype=torch.float32).view(-1, 5)
    first, second = rois[:, 1:3], rois[:, 3:]
    return torch.cat([rois[:, :1], first.minimum(second),
                      first.maximum(second)], 1)


def both(maps, rois, *options):
    """Values and gradients of ours and of mmcv's."""
    results = []
    for layer in (SparseRoIAlign(*options), RoIAlign(*options)):
        x = maps.clone().requires_grad_()
        out = layer(x, rois)
        noise = torch.rand(out.shape, generator=torch.Generator()
                           .manual_seed(0))
        out.backward(noise)
        results.append((out.detach(), x.grad))
    return results


@settings(max_examples=150, deadline=None)
@given(st.lists(region, max_size=6), st.integers(1, 7), st.integers(1, 7),
       st.sampled_from([(2, 3), (1, 1), (4, 4)]), st.sampled_from([0, 1, 3]))
def test_values_and_gradients_are_mmcvs(regions, height, width, bins, ratio):
    maps = torch.randn(2, 3, height, width)
    (ours, our_gradient), (theirs, gradient) = both(
        maps, ordered(regions), bins, 1 / 16, ratio)
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(our_gradient, gradient, rtol=1e-4, atol=1e-4)


def test_more_regions_than_a_chunk():
    torch.manual_seed(0)
    corners = torch.rand(200, 2, 2) * 250
    rois = torch.cat([torch.randint(0, 3, (200, 1)).float(),
                      corners.sort(1).values.flatten(1)], 1)
    (ours, our_gradient), (theirs, gradient) = both(
        torch.randn(3, 8, 12, 17), rois, 14, 1 / 16, 0)
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(our_gradient, gradient, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize('options', [
    dict(pool_mode='max'), dict(aligned=False), dict(dtype=torch.float64)])
def test_other_kinds_are_left_to_mmcv(options):
    torch.manual_seed(0)
    dtype = options.pop('dtype', torch.float32)
    maps = torch.randn(1, 2, 6, 6, dtype=dtype)
    rois = torch.tensor([[0, 3., 4, 70, 50]], dtype=dtype)
    assert torch.equal(SparseRoIAlign(3, 1 / 16, 2, **options)(maps, rois),
                       RoIAlign(3, 1 / 16, 2, **options)(maps, rois))


@pytest.mark.parametrize('value', [float('nan'), float('inf')])
@pytest.mark.parametrize('corner', range(1, 5))
@pytest.mark.parametrize('ratio', [0, 2])
def test_a_region_that_is_not_finite(value, corner, ratio):
    rois = torch.tensor([[0, 3., 4, 70, 50]]).repeat(3, 1)
    rois[1, corner] = value
    with pytest.raises(ValueError, match=r'1 of 3 regions to pool are not '
                       r'finite, the first is \[.*(nan|inf).*\] in image 0'):
        SparseRoIAlign(2, 1 / 16, ratio)(torch.rand(1, 2, 6, 6), rois)


def test_the_extractor_names_what_it_takes():
    with pytest.raises(ValueError, match="roi_layer.type='RoIPool': Region"
                       "RoIExtractor takes 'RoIAlign'"):
        MODELS.build(ConfigDict(
            type='RegionRoIExtractor', out_channels=1, featmap_strides=[16],
            roi_layer=dict(type='RoIPool', output_size=2)))
