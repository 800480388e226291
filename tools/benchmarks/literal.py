"""The reference's formulation of the image tower, as functions."""
from typing import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.ops import roi_align


def literal_align(layer: nn.Module) -> Callable[[Tensor, Tensor], Tensor]:
    """RoIAlign by torchvision's operator, as in detectron2."""

    return lambda x, rois: roi_align(
        x, rois, layer.output_size, layer.spatial_scale,
        layer.sampling_ratio, layer.aligned)


def literal_layer4(layer: nn.Module) -> Callable[[Tensor], Tensor]:
    """layer4 with norms apart from the convolutions."""

    return lambda x: _stage(layer.layer4, x)


def literal_backbone(net: nn.Module) -> Callable[[Tensor], tuple]:
    """Stem and layer1 to layer3, in the default memory layout."""

    def forward(x: Tensor) -> tuple:
        for i in (1, 2, 3):
            conv, bn = getattr(net, f'conv{i}'), getattr(net, f'bn{i}')
            x = F.relu(bn(conv(x)), inplace=True)
        x = net.avgpool(x)
        for i in (1, 2, 3):
            x = _stage(getattr(net, f'layer{i}'), x)
        return (x, )

    return forward


def _stage(blocks: nn.Sequential, x: Tensor) -> Tensor:
    for b in blocks:
        out = F.relu(b.bn1(b.conv1(x)), inplace=True)
        out = F.relu(b.bn2(b.conv2(out)), inplace=True)
        out = b.bn3(b.conv3(b.avgpool(out)))
        out += x if b.downsample is None else b.downsample(x)
        x = F.relu(out, inplace=True)
    return x


def literal_pool(pool: nn.Module) -> Callable[[Tensor], Tensor]:
    """Attention of every position, of which the first is kept."""
    projections = (pool.q_proj, pool.k_proj, pool.v_proj)

    def forward(x: Tensor) -> Tensor:
        x = x.flatten(2).permute(2, 0, 1)
        x = torch.cat([x.mean(0, keepdim=True), x])
        x = x + pool.positional_embedding[:, None]
        out, _ = F.multi_head_attention_forward(
            x, x, x, x.shape[-1], pool.num_heads, None,
            torch.cat([p.bias for p in projections]), None, None, False, 0,
            pool.c_proj.weight, pool.c_proj.bias,
            use_separate_proj_weight=True, q_proj_weight=pool.q_proj.weight,
            k_proj_weight=pool.k_proj.weight,
            v_proj_weight=pool.v_proj.weight, training=False,
            need_weights=False)
        return out[0]

    return forward
