"""Losses of transfer on images of unequal size, against the formulas.

Everything after the feature maps is written out here as detectron2 defines it:
matching, box deltas, polygons rasterised in their box, the weighted losses.
"""
import sys

import numpy as np
import pycocotools.mask as masks_of
import pytest
import torch
import torch.nn.functional as F
from mmengine.structures import InstanceData
from nano import ARCH, ROOT, make_image
from nano_transfer import NAMES, transfer
from torchvision.ops import box_iou, roi_align

from mmdet.structures import DetDataSample
from mmdet.structures.mask import PolygonMasks

sys.path.insert(0, str(ROOT / 'tools/benchmarks'))
from literal import literal_layer4, literal_pool  # noqa: E402

SIZES = ((64, 96), (80, 72))
WEIGHTS = torch.tensor([10., 10., 5., 5.])


def shapes(boxes):
    """Two polygons for each box, the second one in a corner."""
    return [[np.array([x1, y1 + .3 * (y2 - y1), x1 + .6 * (x2 - x1), y1,
                       x2, y2 * .9 + .1 * y1, x1 + .2 * (x2 - x1), y2]),
             np.array([x1, y1, x1 + 5, y1, x1 + 5, y1 + 7])]
            for x1, y1, x2, y2 in boxes.double().numpy()]


def make_batch():
    """Images, boxes, classes and polygons; proposals near and far."""
    generator = torch.Generator().manual_seed(3)
    data = dict(inputs=[], data_samples=[])
    for number, (height, width) in enumerate(SIZES):
        size = torch.tensor([width, height])
        corner = torch.rand(4, 2, generator=generator) * size * 0.5
        side = torch.rand(4, 2, generator=generator) * size * 0.4 + 8
        boxes = torch.cat([corner, corner + side], 1)
        near = boxes.repeat(3, 1) + torch.randn(12, 4, generator=generator)
        far = torch.cat([corner, corner + 30], 1)
        proposals = torch.cat([near, far]).clamp(min=0).minimum(size.repeat(2))
        sample = DetDataSample(metainfo=dict(
            img_shape=(height, width), ori_shape=(height, width),
            scale_factor=(1., 1.), img_path=f'{number}.png'))
        sample.proposals = InstanceData(
            bboxes=proposals, scores=torch.ones(len(proposals)))
        sample.gt_instances = InstanceData(
            bboxes=boxes, labels=torch.arange(4) % len(NAMES),
            masks=PolygonMasks(shapes(boxes), height, width))
        data['inputs'].append(torch.from_numpy(
            make_image(height, width, number).transpose(2, 0, 1).copy()))
        data['data_samples'].append(sample)
    return data


def match(proposals, objects):
    """All regions, which object each one is on, its class or background."""
    regions = torch.cat([proposals, objects.bboxes])
    overlap, index = box_iou(regions, objects.bboxes).max(1)
    labels = torch.where(overlap >= 0.5, objects.labels[index], len(NAMES))
    return regions, index, labels


def deltas_of(regions, boxes):
    """Targets (R, 4) of the box deltas, with detectron2's weights."""
    def centre_and_size(b):
        return (b[:, :2] + b[:, 2:]) / 2, b[:, 2:] - b[:, :2]
    (here, size), (there, wanted) = map(centre_and_size, (regions, boxes))
    return WEIGHTS * torch.cat([(there - here) / size,
                                (wanted / size).log()], 1)


def raster(polygons, box, side):
    """The part of an object in a region, ``side`` x ``side``."""
    x1, y1, x2, y2 = box.double().tolist()
    parts = [np.stack([(p[0::2] - x1) * side / (x2 - x1),
                       (p[1::2] - y1) * side / (y2 - y1)], 1).ravel()
             for p in polygons]
    whole = masks_of.merge(masks_of.frPyObjects(parts, side, side))
    return torch.from_numpy(masks_of.decode(whole)).float()


def literal_losses(detector, maps, samples, recipe):
    """The losses by name."""
    head = detector.roi_head
    found = [match(s.proposals.bboxes, s.gt_instances) for s in samples]
    regions, index, labels = zip(*found)
    size = ARCH.roi_size
    pooled = roi_align(maps, list(regions), (size, size), 1 / 16, 0, True)
    layer4 = literal_layer4(head.shared_head)(pooled)
    embeddings = literal_pool(head.bbox_head.region_pool)(layer4)
    words = head.bbox_head.fc_cls.train_vocabulary.embeddings
    cosine = F.normalize(embeddings) @ F.normalize(words).t()
    logits = F.pad(cosine / head.bbox_head.fc_cls.temperature, (0, 1))
    label = torch.cat(labels)
    objects = label < len(NAMES)
    deltas = head.bbox_head.fc_reg(embeddings)
    boxes = torch.cat([s.gt_instances.bboxes[i]
                       for s, i in zip(samples, index)])
    wanted = deltas_of(torch.cat(regions), boxes)
    losses = dict(loss_bbox=(deltas - wanted)[objects].abs().sum()
                  / len(label))
    entropy = F.cross_entropy(logits, label, reduction='none')
    if recipe == 'coco':
        right = logits.softmax(1)[torch.arange(len(label)), label]
        weight = torch.where(objects, 1.0, 0.2)
        losses['loss_cls'] = (weight * (1 - right)**0.5 * entropy).mean()
        return losses
    weight = torch.where(objects, 1.0, 0.8)
    losses['loss_cls'] = (weight * entropy).sum() / weight.sum()
    mask_head = head.mask_head
    scores = mask_head.conv_logits(F.relu(mask_head.upsample(layer4[objects])))
    targets = [raster(s.gt_instances.masks.masks[i], box, size)
               for s, r, j, k in zip(samples, regions, index, labels)
               for box, i, name in zip(r, j, k) if name < len(NAMES)]
    losses['loss_mask'] = F.binary_cross_entropy_with_logits(
        scores[:, 0], torch.stack(targets))
    return losses


def gradients(losses, maps, detector):
    """Of the maps and of every trained weight after them."""
    wanted = {n: p for n, p in detector.roi_head.named_parameters()
              if p.requires_grad}
    total = sum(v for k, v in losses.items() if 'loss' in k)
    values = torch.autograd.grad(total, [maps, *wanted.values()])
    return dict(zip(('maps', *wanted), values))


@pytest.mark.parametrize('recipe', ['coco', 'lvis'])
def test_losses_and_gradients(recipe):
    detector = transfer(recipe, dict(type='FileProposals'))
    batch = make_batch()
    if recipe == 'coco':
        for sample in batch['data_samples']:
            del sample.gt_instances.masks
    data = detector.data_preprocessor(batch, training=True)
    samples = data['data_samples']
    assert data['inputs'].shape[-2:] == (80, 96)  # padded
    maps = detector.extract_feat(data['inputs'])[0].detach().requires_grad_()
    expected = literal_losses(detector, maps, samples, recipe)
    detector.proposal_source.fill(data['inputs'], samples,
                                  detector.data_preprocessor)
    losses = detector.roi_head.loss(
        (maps, ), [s.proposals for s in samples], samples)
    for name, value in expected.items():
        torch.testing.assert_close(losses[name].squeeze(), value,
                                   rtol=1e-5, atol=1e-7)
    ours = gradients(losses, maps, detector)
    literal = gradients(expected, maps, detector)
    least = 1e-5 * max(value.norm() for value in literal.values())
    for name, value in literal.items():
        error = (ours[name] - value).norm() / max(value.norm(), least)
        assert error < 1e-3, (name, error)
