"""Offline RPNs whose released files are not among the golden cases."""
from pathlib import Path

import torch
import torch.nn.functional as F
from mmengine.config import Config
from parity import DATA, make_weights
from sweep import ROOT

from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from regionclip_mm.checkpoint import WeightFile, model_layout
from regionclip_mm.checkpoint.detector import convert_rpn

FOLDER = ROOT / 'configs/_base_/proposals'
HEAD = 'proposal_generator.rpn_head.'
TRUNK = ('backbone.conv', 'backbone.bn', 'backbone.layer')


def synthetic(manifest: str, file: str) -> dict:
    """Numbers with the names and shapes that a released file has."""
    entries = {key: entry for key, entry in make_weights.load_manifest(
        DATA / f'manifest_{manifest}.json').items() if entry['file'] == file}
    made = make_weights.make_state_dict(entries, 'A')
    return {entries[key]['file_key']: torch.from_numpy(value)
            for key, value in made.items()}


def build(fragment: str, weights: dict) -> torch.nn.Module:
    """The shipped RPN with these weights, through the converter."""
    rpn = Config.fromfile(FOLDER / f'{fragment}.py').rpn
    state, _ = convert_rpn(model_layout(rpn),
                           WeightFile(Path('rpn.pth'), weights))
    source = MODELS.build(dict(type='RPNProposals', rpn=rpn))
    source.rpn.load_state_dict(state, strict=True)
    return source


def conv_norm(x, weights, name, padding=0):
    """detectron2's convolution with a norm: no bias, no activation."""
    assert f'{name}.bias' not in weights
    x = F.conv2d(x, weights[f'{name}.weight'], padding=padding)
    mean, var, scale, shift = (
        weights[f'{name}.norm.{field}'].reshape(1, -1, 1, 1)
        for field in ('running_mean', 'running_var', 'weight', 'bias'))
    return (x - mean) / (var + 1e-5).sqrt() * scale + shift


def conv(x, weights, name, padding=0):
    return F.conv2d(x, weights[f'{name}.weight'], weights[f'{name}.bias'],
                    padding=padding)


def lsj_level_4(weights, res4, res5):
    """Logits and deltas of p4, written down from the original's layers."""
    top = conv_norm(res5, weights, 'backbone.fpn_lateral5')
    x = conv_norm(res4, weights, 'backbone.fpn_lateral4')
    x = x + top.repeat_interleave(2, 2).repeat_interleave(2, 3)
    x = conv_norm(x, weights, 'backbone.fpn_output4', padding=1)
    for layer in ('conv.conv0', 'conv.conv1'):
        x = conv(x, weights, HEAD + layer, padding=1).clamp(min=0)
    return (conv(x, weights, HEAD + 'objectness_logits'),
            conv(x, weights, HEAD + 'anchor_deltas'))


@torch.no_grad()
def test_norms_and_biases_of_the_lsj_rpn():
    weights = synthetic('lvis_ovd_rn50', 'rpn')
    rpn = build('rpn_r50_fpn_lvis866_lsj', weights).rpn
    torch.manual_seed(0)
    maps = [torch.randn(1, 256 * 2**i, 32 // 2**i, 48 // 2**i)
            for i in range(4)]
    got = rpn.bbox_head.forward_single(rpn.neck(maps)[2])
    want = lsj_level_4(weights, maps[2], maps[3])
    for ours, theirs in zip(got, want):
        assert theirs.std() > 1e-3
        torch.testing.assert_close(ours, theirs, rtol=1e-4,
                                   atol=1e-4 * theirs.abs().max().item())


def clip_rpn_file() -> dict:
    """As detectron2 names an FPN on the original's CLIP ResNet."""
    weights = synthetic('coco_zsinf_rpn_rn50', 'rpn')
    weights = {key: value for key, value in weights.items()
               if not key.startswith('backbone.bottom_up.')}
    trunk = synthetic('coco_zsinf_rpn_rn50', 'main')
    return {**weights, **{
        key.replace('backbone.', 'backbone.bottom_up.', 1): value
        for key, value in trunk.items() if key.startswith(TRUNK)}}


def test_the_rpn_on_clips_resnet_takes_every_weight():
    weights = clip_rpn_file()
    source = build('rpn_clip-rn50_fpn_lvis1203', weights)
    state = source.rpn.state_dict()
    for key, value in weights.items():
        if 'bottom_up' in key:
            ours = state[key.replace('bottom_up.', '')]
            assert torch.equal(ours, value), key
    used = [key for key in state if not key.endswith('batches_tracked')]
    assert len(used) == len(weights)


def test_the_rpn_on_clips_resnet_sees_clips_pixels():
    """Through a detector with pixels of its own, as the proposals go."""
    source = build('rpn_clip-rn50_fpn_lvis1203', clip_rpn_file())
    seen = []
    source.rpn.backbone.register_forward_pre_hook(
        lambda module, args: seen.append(args[0]))
    pixels = MODELS.build(dict(
        type='DetDataPreprocessor', mean=[9.0] * 3, std=[2.0] * 3,
        bgr_to_rgb=True))
    image = torch.randint(0, 256, (3, 60, 90), dtype=torch.uint8)  # BGR
    sample = DetDataSample(
        metainfo=dict(img_shape=(60, 90)))
    batch = pixels(dict(inputs=[image], data_samples=[sample]))
    found, = source.propose(batch['inputs'], batch['data_samples'], pixels)
    assert found.objectness_logits.isfinite().all() and len(found) > 0
    mean, std = (torch.tensor(x).reshape(3, 1, 1) for x in (
        (0.48145466, 0.4578275, 0.40821073),
        (0.26862954, 0.26130258, 0.27577711)))
    want = (image.flip(0) / 255 - mean) / std
    assert seen[0].shape == (1, 3, 64, 96)  # padded to a multiple of 32
    torch.testing.assert_close(seen[0][0, :, :60, :90], want, atol=1e-4,
                               rtol=1e-4)
    assert not seen[0][..., 60:, :].any()
