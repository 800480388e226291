"""Random weights that tell regions apart."""
import torch
import torch.nn.functional as F
from nano import nano_detector
from torch import nn

from regionclip_mm.models.utils import data_dependent_init


def likeness(detector, inputs, boxes) -> float:
    """Mean cosine between different regions."""
    with torch.no_grad():
        regions = F.normalize(detector.encode_regions(inputs, boxes))
    return (regions @ regions.T)[~torch.eye(len(regions), dtype=bool)].mean()


def test_regions_are_told_apart_only_afterwards():
    torch.manual_seed(0)
    detector = nano_detector().eval()
    inputs = F.interpolate(torch.randn(4, 3, 8, 8), (96, 128))
    boxes = [torch.tensor([[4., 4, 60, 70], [40, 20, 120, 90],
                           [0, 0, 128, 96]])] * 4
    before = likeness(detector, inputs, boxes)
    data_dependent_init(detector, inputs)
    assert likeness(detector, inputs, boxes) < 0.3 < 0.8 < before


def test_norms_behave_as_before_but_for_their_statistics():
    detector = nano_detector().eval()
    parts = nn.ModuleList([detector.backbone, detector.roi_head])
    norms = [m for m in parts.modules() if isinstance(m, nn.BatchNorm2d)]
    norms[0].momentum = 0.3
    others = {key: value.clone() for key, value in parts.state_dict().items()
              if 'running' not in key and 'num_batches' not in key
              and not key.endswith('c_proj.bias')}
    data_dependent_init(detector, torch.randn(2, 3, 64, 64))
    assert not any(norm.training for norm in norms)
    assert [norm.momentum for norm in norms[:2]] == [0.3, 0.1]
    assert not norms[0].running_mean.eq(0).all()
    after = parts.state_dict()
    assert all(torch.equal(after[key], value)
               for key, value in others.items())
