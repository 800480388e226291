"""Training of the transfer heads: the shipped settings, a nano CLIP."""
import copy

import numpy as np
import pytest
import torch
from mmengine.optim import OptimWrapper
from mmengine.structures import InstanceData
from nano import ARCH, make_image, make_vocabulary
from nano_transfer import NAMES, transfer, transfer_model
from older_torch import HALVES
from test_proposals import small_rpn

from mmdet.structures import DetDataSample
from mmdet.structures.mask import BitmapMasks, PolygonMasks

BOXES = [[8., 8, 60, 50], [50., 10, 90, 60]]


def polygons(boxes):
    return PolygonMasks([[np.array([x1, y1, x2, y1, x2, y2, x1, y2])]
                         for x1, y1, x2, y2 in boxes], 64, 96)


def bitmaps(boxes):
    masks = np.zeros((len(boxes), 64, 96), np.uint8)
    for mask, (x1, y1, x2, y2) in zip(masks, boxes):
        mask[max(int(y1), 0):max(int(y2), 0),
             max(int(x1), 0):max(int(x2), 0)] = 1
    return BitmapMasks(masks, 64, 96)


def batch_of(detector, *images, masks=polygons, proposals=30):
    """Images of 64 x 96 with these annotated boxes, classes in turn."""
    data = dict(inputs=[], data_samples=[])
    generator = torch.Generator().manual_seed(1)
    for number, boxes in enumerate(images):
        corner = torch.rand(proposals, 2, generator=generator) * 50
        around = torch.cat([corner, corner + 40], 1)
        sample = DetDataSample(
            metainfo=dict(img_shape=(64, 96), ori_shape=(64, 96),
                          scale_factor=(1., 1.), img_path=f'{number}.png'),
            proposals=InstanceData(bboxes=around,
                                   scores=torch.ones(proposals)))
        sample.gt_instances = InstanceData(
            bboxes=torch.tensor(boxes).reshape(-1, 4),
            labels=torch.arange(len(boxes)) % len(NAMES),
            masks=masks(boxes))
        data['data_samples'].append(sample)
        data['inputs'].append(torch.from_numpy(np.ascontiguousarray(
            make_image(64, 96, number).transpose(2, 0, 1))))
    return detector.data_preprocessor(data, training=True)


def losses_of(detector, *images, **kwargs):
    torch.manual_seed(0)  # of the sampler
    return detector(**batch_of(detector, *images, **kwargs), mode='loss')


def backward(detector, losses):
    detector.zero_grad()
    sum(v for k, v in losses.items() if 'loss' in k).backward()
    return {n: p.grad for n, p in detector.named_parameters()
            if p.requires_grad}


@pytest.mark.parametrize('recipe', ['coco', 'lvis'])
def test_frozen_parts_stay_bit_identical(recipe):
    """Three steps, with weight decay: text tower, RPN, stem, layer1, norms."""
    detector = transfer(recipe, dict(type='RPNProposals', rpn=small_rpn()))
    before = copy.deepcopy(detector.state_dict())
    wrapper = OptimWrapper(torch.optim.SGD(
        detector.parameters(), 0.01, momentum=0.9, weight_decay=1e-4))
    for _ in range(3):
        detector.train_step(
            dict(batch_of(detector, BOXES, BOXES[:1])), wrapper)
    after = detector.state_dict()
    changed = {k for k in before if not torch.equal(before[k], after[k])}
    trained = {n for n, p in detector.named_parameters() if p.requires_grad}
    assert changed == trained
    frozen = ('text_encoder.', 'proposal_source.', 'backbone.conv',
              'backbone.bn', 'backbone.layer1.')
    assert not [k for k in changed if k.startswith(frozen)
                or '.bn' in k or 'running' in k or '.downsample.1' in k]
    for part in ('backbone.layer2', 'backbone.layer3', 'roi_head.shared_head',
                 'roi_head.bbox_head.region_pool',
                 'roi_head.bbox_head.fc_reg'):
        assert any(k.startswith(part) for k in changed), part
    assert not [k for k in before if 'fc_cls' in k]  # words are not weights
    assert all(m.training is False for m in detector.modules()
               if isinstance(m, torch.nn.BatchNorm2d))


def test_masks_begin_undecided():
    """Their first gradient leaves layer4 alone."""
    detector = transfer('lvis')
    detector.roi_head.mask_head.init_weights()
    assert detector.roi_head.mask_head.conv_logits.weight.std() < 0.002
    loss = losses_of(detector, BOXES)['loss_mask']
    assert loss.item() == pytest.approx(np.log(2), abs=1e-2)


@pytest.mark.parametrize('recipe', ['coco', 'lvis'])
def test_losses_and_logs(recipe):
    detector = transfer(recipe)
    losses = losses_of(detector, BOXES, BOXES[:1])
    wanted = {'loss_cls', 'loss_bbox', 'acc', 'acc_fg'}
    assert set(losses) == wanted | ({'loss_mask'} if recipe == 'lvis'
                                    else set())
    assert all(value.isfinite().all() for value in losses.values())
    assert 0 <= losses['acc_fg'] <= 100
    total, log = detector.parse_losses(losses)
    assert {*losses, 'loss'} == set(log) and total > 0
    grads = backward(detector, losses)
    assert all(g is not None and g.isfinite().all() for g in grads.values())


def test_accuracy_on_foreground_is_of_objects_alone():
    head = transfer('coco').roi_head.bbox_head
    labels = torch.tensor([0, 1, 3, 3])
    logits = 9 * torch.eye(4)[torch.tensor([0, 2, 3, 0])]
    args = (torch.zeros(4, 4), torch.zeros(4, 5), labels, torch.ones(4),
            torch.zeros(4, 4), torch.zeros(4, 4))
    losses = head.loss(logits, *args)
    assert losses['acc_fg'] == 50 and losses['acc'] == 50
    only_background = labels * 0 + 3
    losses = head.loss(logits, *args[:2], only_background, *args[3:])
    assert 'acc_fg' not in losses and losses['acc'] == 25


def test_box_loss_is_divided_by_all_regions():
    head = transfer('coco').roi_head.bbox_head
    deltas = torch.ones(5, 4)
    labels = torch.tensor([0, 3, 3, 3, 3])
    losses = head.loss(torch.zeros(5, 4), deltas, torch.zeros(5, 5), labels,
                       torch.ones(5), torch.zeros(5, 4),
                       (labels < 3)[:, None].float().expand(-1, 4))
    assert losses['loss_bbox'].item() == pytest.approx(4 / 5)


@pytest.mark.parametrize('recipe', ['coco', 'lvis'])
@pytest.mark.parametrize('images, proposals', [
    ([[], []], 0), ([[]], 0), ([[], []], 20), ([BOXES, []], 0)])
def test_batches_without_regions_or_boxes(recipe, images, proposals):
    """Every loss is there and every trained parameter has a gradient, as
    DistributedDataParallel demands."""
    detector = transfer(recipe)
    losses = losses_of(detector, *images, proposals=proposals)
    assert {'loss_cls', 'loss_bbox'} <= set(losses)
    assert ('loss_mask' in losses) == (recipe == 'lvis')
    if not proposals and not any(images):
        assert all(v == 0 for k, v in losses.items() if 'loss' in k)
    if not any(images):
        assert losses['loss_bbox'] == 0
    for name, grad in backward(detector, losses).items():
        assert grad is not None and grad.isfinite().all(), name


def test_mmdets_head_without_a_region():
    """Which has no loss of classes then."""
    own = transfer_model('coco').roi_head.bbox_head
    detector = transfer('coco', roi_head=dict(bbox_head=dict(
        _delete_=True, type='Shared2FCBBoxHead', num_classes=len(NAMES),
        in_channels=ARCH.channels[3], roi_feat_size=ARCH.roi_size // 2,
        fc_out_channels=ARCH.embed_dim, reg_class_agnostic=True,
        cls_predictor_cfg=dict(
            type='ProjectedTextClassifier', embed_dim=ARCH.embed_dim,
            vocabulary=own.cls_predictor_cfg.vocabulary))))
    losses = losses_of(detector, [], [], proposals=0)
    assert losses['loss_cls'] == 0
    for name, grad in backward(detector, losses).items():
        assert grad is not None and grad.isfinite().all(), name


@pytest.mark.parametrize('masks', [polygons, bitmaps])
@pytest.mark.parametrize('bad', [
    [10., 10, 10, 40], [40., 40, 10, 10], [200., 10, 260, 60],
    [-50., -50, -10, -10], [0., 0, 0, 0]])
def test_annotated_boxes_without_any_of_the_image(masks, bad):
    """As if they were not there, with their labels and masks."""
    detector = transfer()
    want = losses_of(detector, BOXES[:1], masks=masks)
    got = losses_of(detector, [BOXES[0], bad], masks=masks)
    for key in want:
        torch.testing.assert_close(got[key], want[key])
    alone = losses_of(detector, [bad], masks=masks)
    assert alone['loss_bbox'] == alone['loss_mask'] == 0


@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_annotated_boxes_that_are_no_numbers(value):
    with pytest.raises(ValueError, match='image 1.png has an annotated box '
                                         'that is not finite.*ann_file'):
        losses_of(transfer('coco'), BOXES, [[0., 0, value, 5]])


def test_masks_reuse_the_maps_of_the_boxes():
    detector, calls = transfer(), []
    detector.roi_head.shared_head.register_forward_hook(
        lambda *args: calls.append(args[-1].shape))
    losses_of(detector, BOXES)
    assert len(calls) == 1 and calls[0][2:] == (4, 4)


def test_classes_of_training_and_testing_may_differ():
    detector = transfer()
    detector.set_vocabulary(make_vocabulary(('tree', 'car', 'cat', 'sun')))
    with torch.no_grad():
        detector.eval()
        found = detector(**batch_of(detector, BOXES), mode='predict')
        labels = found[0].pred_instances.labels
        assert len(labels) and labels.max() < 4
    losses = losses_of(detector.train(), BOXES)
    assert losses['loss_cls'].isfinite()


@torch.no_grad()
def test_masks_in_chunks_equal_masks_at_once():
    detector = transfer().eval()
    found, sizes = [], []
    detector.roi_head.shared_head.register_forward_hook(
        lambda *args: sizes.append(len(args[-1])))
    for size in (7, 1000):
        detector.roi_head.chunk_size = size
        [sample] = detector(**batch_of(detector, BOXES), mode='predict')
        found.append(sample.pred_instances)
        assert sample.pred_instances.masks.shape[1:] == (64, 96)
        assert max(sizes) <= size
    assert len(found[0]) == len(found[1]) > 7
    torch.testing.assert_close(found[0].scores, found[1].scores)
    same = (found[0].masks == found[1].masks).float().mean()
    assert same > 0.999


@torch.no_grad()
def test_masks_of_images_without_detections():
    detector = transfer().eval()
    detector.roi_head.test_cfg.score_thr = 2.0
    [sample] = detector(**batch_of(detector, []), mode='predict')
    assert sample.pred_instances.masks.shape == (0, 64, 96)


@torch.no_grad()
def test_resolution_of_masks():
    """2 x half of the pool's side, as mask_size of the training says."""
    detector = transfer().eval()
    out = detector.roi_head._mask_forward(
        (torch.rand(1, ARCH.channels[2], 4, 6), ),
        torch.tensor([[0., 0, 0, 50, 50]]))
    assert out['mask_preds'].shape == (1, 1, ARCH.roi_size, ARCH.roi_size)


def test_checkpointing_gives_the_same_gradients():
    plain = transfer()
    saving = transfer(backbone=dict(with_cp=True),
                      roi_head=dict(shared_head=dict(with_cp=True)))
    saving.load_state_dict(plain.state_dict())
    calls = []
    for layer in (saving.backbone.layer1, saving.backbone.layer2,
                  saving.backbone.layer3, saving.roi_head.shared_head.layer4):
        layer[0].avgpool.register_forward_hook(lambda *args: calls.append(1))
    grads = [backward(d, losses_of(d, BOXES)) for d in (plain, saving)]
    assert len(calls) == 1 + 2 * 3  # the frozen layer1 has no way back
    for name, grad in grads[0].items():
        torch.testing.assert_close(grads[1][name], grad)


@pytest.mark.parametrize('dtype', HALVES)
def test_mixed_precision(dtype):
    """Cosine logits and losses are float32, and near those of float32."""
    detector, logits = transfer(), []
    detector.roi_head.bbox_head.fc_cls.register_forward_hook(
        lambda *args: logits.append(args[-1]))
    full = losses_of(detector, BOXES)
    with torch.autocast('cpu', dtype):
        half = losses_of(detector, BOXES)
    assert {x.dtype for x in logits} == {torch.float32}
    for key in ('loss_cls', 'loss_bbox', 'loss_mask'):
        assert half[key].dtype == torch.float32
        assert half[key].item() == pytest.approx(full[key].item(), rel=0.1)
    grads = backward(detector, half)
    assert all(g.isfinite().all() for g in grads.values())


def test_unequal_images_of_a_batch_do_not_touch():
    """Padding follows normalisation: zeros, and only right and below."""
    detector = transfer('coco').eval()
    data = batch_of(detector, BOXES)
    wide = torch.nn.functional.pad(data['inputs'], (0, 32, 0, 32))
    boxes = [torch.tensor([[0., 0, 40, 30]])]
    with torch.no_grad():
        alone, padded = (detector.encode_regions(x, boxes)
                         for x in (data['inputs'], wide))
    torch.testing.assert_close(alone, padded, rtol=1e-3, atol=1e-3)
