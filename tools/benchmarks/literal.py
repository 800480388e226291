"""The reference's formulation of the image tower and of what pretraining does
with it, as functions."""
from contextlib import ExitStack
from typing import Callable, List
from unittest import mock

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
    trunk, stages = literal_trunk(net), literal_stages(net)
    return lambda x: stages(trunk(x))


def literal_trunk(net: nn.Module) -> Callable[[Tensor], tuple]:
    """Stem and layer1, in the default memory layout."""

    def forward(x: Tensor) -> tuple:
        for i in (1, 2, 3):
            conv, bn = getattr(net, f'conv{i}'), getattr(net, f'bn{i}')
            x = F.relu(bn(conv(x)), inplace=True)
        return (_stage(net.layer1, net.avgpool(x)), )

    return forward


def literal_stages(net: nn.Module) -> Callable[[tuple], tuple]:
    """layer2 and layer3."""
    return lambda trunk: (_stage(net.layer3, _stage(net.layer2, trunk[-1])), )


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


def literal_distill(loss: nn.Module) -> Callable[[Tensor, Tensor], Tensor]:
    """Divergence of softmax from softmax."""
    return lambda logits, teacher: loss.loss_weight * F.kl_div(
        logits.softmax(-1).log(), teacher.softmax(-1), reduction='batchmean')


def literal_contrast(loss: nn.Module) -> Callable[[Tensor, Tensor], Tensor]:
    """A column for the concept of each region."""

    def forward(logits: Tensor, labels: Tensor) -> Tensor:
        probs = logits[:, labels].softmax(-1)
        same = labels[:, None] == labels
        return -loss.loss_weight * (probs * same).sum(-1).log().mean()

    return forward


def literal_texts(model: nn.Module) -> Callable[[List[str]], Tensor]:
    """Captions at full length, with gradients enabled."""
    tower = model.text_encoder
    return lambda texts: tower.model(tower.tokenizer(texts).to(
        next(tower.parameters()).device)).text_embeds


def enter_literal_pretraining(stack: ExitStack, model: nn.Module) -> None:
    """Turn a ``RegionTextPretrainer`` into the literal one for a while.

    Student and teacher have nothing in common, all regions are encoded at
    once. The RPN, mmdet's, stays, and so does what ``concept_thr`` leaves
    out, which the reference encodes first.

    Args:
        stack: Until it is closed.
        model: Its losses are those of the recipes.
    """

    def put(owner: nn.Module, name: str, value: object) -> None:
        stack.enter_context(mock.patch.object(owner, name, value))

    put(model, '_shares_trunk', False)
    put(model, '_encode_texts', literal_texts(model))
    put(model.loss_region_distill, 'forward',
        literal_distill(model.loss_region_distill))
    put(model.loss_concept_contrastive, 'forward',
        literal_contrast(model.loss_concept_contrastive))
    for net in (model, model.teacher):
        head = net.roi_head
        align = head.bbox_roi_extractor.roi_layers[0]
        pool = head.bbox_head.region_pool
        put(net.backbone, 'trunk', literal_trunk(net.backbone))
        put(net.backbone, 'after_trunk', literal_stages(net.backbone))
        put(head, 'chunk_size', 1 << 30)
        put(align, 'forward', literal_align(align))
        put(head.shared_head, 'forward', literal_layer4(head.shared_head))
        put(pool, 'forward', literal_pool(pool))
