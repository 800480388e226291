"""Sources of proposals, each built alone from its config."""
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData

from mmdet.models import DetDataPreprocessor
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmdet.structures.bbox import HorizontalBoxes
from mmdet.utils import register_all_modules
from regionclip_mm.models import RPNProposals
from regionclip_mm.models.utils import to_pixels

register_all_modules()
CLIP_PIXELS = dict(mean=[122.77, 116.75, 104.09], std=[68.50, 66.63, 70.32],
                   bgr_to_rgb=True, pad_size_divisor=1)


def batch(*shapes):
    """A batch of unequal images and its preprocessor."""
    generator = torch.Generator().manual_seed(0)
    pixels = [torch.randint(0, 256, (3, h, w), generator=generator,
                            dtype=torch.uint8) for h, w in shapes]
    samples = [DetDataSample(metainfo=dict(img_shape=s, ori_shape=s,
                                           scale_factor=(1., 1.)))
               for s in shapes]
    preprocessor = DetDataPreprocessor(**CLIP_PIXELS)
    data = preprocessor(dict(inputs=pixels, data_samples=samples))
    return pixels, data['inputs'], data['data_samples'], preprocessor


def fill(source, inputs, samples, preprocessor):
    MODELS.build(ConfigDict(source)).fill(inputs, samples, preprocessor)
    return [s.proposals for s in samples]


@pytest.mark.parametrize('source', [
    dict(type='RandomProposals', num=50), dict(type='GridProposals'),
    dict(type='WholeImageProposals')])
def test_boxes_lie_in_their_image(source):
    _, *rest = batch((64, 96), (120, 50), (1, 1))
    proposals = fill(source, *rest)
    for instances, (h, w) in zip(proposals, [(64, 96), (120, 50), (1, 1)]):
        boxes = instances.bboxes
        assert len(boxes) and (boxes >= -1e-4).all()
        assert (boxes[:, 2] <= w + 1e-4).all()
        assert (boxes[:, 3] <= h + 1e-4).all()
        assert (boxes[:, 2:] > boxes[:, :2]).all()
        assert (instances.scores == 1).all()
        assert 'objectness_logits' not in instances
    assert proposals[0] is not proposals[1]


def test_grid_covers_the_image():
    _, *rest = batch((64, 96))
    boxes = fill(dict(type='GridProposals', sizes=[0.5]), *rest)[0].bboxes
    assert boxes[:, 2].max() == 96 and boxes[:, 3].max() == 64
    assert len(boxes) == 3 * 5


def test_grid_of_a_thin_image_is_bounded():
    _, *rest = batch((20000, 10))
    boxes = fill(dict(type='GridProposals'), *rest)[0].bboxes
    assert len(boxes) < 10_000 and boxes[:, 2].max() <= 10


def test_random_follows_the_seed():
    draws = []
    for _ in range(2):
        torch.manual_seed(3)
        _, *rest = batch((64, 96))
        draws.append(fill(dict(type='RandomProposals', num=5), *rest)[0])
    assert torch.equal(draws[0].bboxes, draws[1].bboxes)


def test_ground_truth():
    _, inputs, samples, preprocessor = batch((64, 96), (64, 96))
    boxes = torch.tensor([[1., 2, 30, 40]])
    samples[0].gt_instances = InstanceData(bboxes=HorizontalBoxes(boxes))
    samples[1].gt_instances = InstanceData(bboxes=boxes[:0])
    source = dict(type='GTProposals')
    first, second = fill(source, inputs, samples, preprocessor)
    assert torch.equal(first.bboxes, boxes) and len(second) == 0
    del samples[1].gt_instances
    with pytest.raises(ValueError, match='LoadAnnotations.*before Resize'):
        fill(source, inputs, samples, preprocessor)


def test_file():
    _, inputs, samples, preprocessor = batch((64, 96))
    source = dict(type='FileProposals')
    with pytest.raises(ValueError, match='proposal_file.*LoadProposals'):
        fill(source, inputs, samples, preprocessor)
    loaded = InstanceData(bboxes=torch.tensor([[0., 0, 5, 5]]),
                          scores=torch.tensor([0.25]))
    samples[0].proposals = loaded
    proposals, = fill(source, inputs, samples, preprocessor)
    assert proposals.scores.tolist() == [0.25]
    proposals.pop('bboxes')  # as StandardRoIHead.loss does
    assert 'bboxes' in loaded


def test_file_without_scores():
    """mmdet reads zeros, under which every fused score would be 0."""
    _, inputs, samples, preprocessor = batch((64, 96))
    samples[0].proposals = InstanceData(
        bboxes=torch.tensor([[0., 0, 5, 5], [1, 1, 9, 9]]),
        scores=torch.zeros(2))
    proposals, = fill(dict(type='FileProposals'), inputs, samples,
                      preprocessor)
    assert proposals.scores.tolist() == [1, 1]


def test_logits_in_a_file():
    _, inputs, samples, preprocessor = batch((64, 96))
    samples[0].proposals = InstanceData(
        bboxes=torch.tensor([[0., 0, 5, 5], [1, 1, 9, 9]]),
        scores=torch.tensor([20., -1]))
    with pytest.raises(ValueError, match='from -1 to 20.*proposal_source.'
                       'logits=True'):
        fill(dict(type='FileProposals'), inputs, samples, preprocessor)
    proposals, = fill(dict(type='FileProposals', logits=True), inputs,
                      samples, preprocessor)
    assert proposals.objectness_logits.tolist() == [20, -1]
    assert proposals.scores.tolist() == pytest.approx([1, 0.26894], abs=1e-5)


def test_probabilities_where_logits_are_expected():
    _, inputs, samples, preprocessor = batch((64, 96))
    samples[0].proposals = InstanceData(
        bboxes=torch.tensor([[0., 0, 5, 5]]).expand(30, 4),
        scores=torch.linspace(0.01, 0.99, 30))
    with pytest.raises(ValueError, match='the 30 scores of an image in the '
                       'proposal_file are from 0.01 to 0.99, as '
                       'probabilities are, but .*logits=True.*--logits'):
        fill(dict(type='FileProposals', logits=True), inputs, samples,
             preprocessor)


def small_rpn(**kwargs):
    return dict(
        type='RPN',
        data_preprocessor=dict(type='DetDataPreprocessor', mean=[100.] * 3,
                               std=[1.] * 3, pad_size_divisor=32),
        backbone=dict(type='ResNet', depth=18, base_channels=8,
                      stem_channels=8, out_indices=(3, )),
        neck=None,
        rpn_head=dict(
            type='RPNHead', in_channels=64, feat_channels=16,
            anchor_generator=dict(type='AnchorGenerator', scales=[2],
                                  ratios=[1.0], strides=[32]),
            bbox_coder=dict(type='DeltaXYWHBBoxCoder')),
        train_cfg=None,
        test_cfg=dict(rpn=dict(nms_pre=100, max_per_img=20,
                               nms=dict(type='nms', iou_threshold=0.7),
                               min_bbox_size=0)), **kwargs)


def loaded_rpn() -> RPNProposals:
    torch.manual_seed(0)
    source = MODELS.build(ConfigDict(type='RPNProposals', rpn=small_rpn()))
    state = source.state_dict()
    state['rpn.bbox_head.rpn_cls.weight'].normal_(std=5)
    source.load_state_dict(state)
    return source


def test_rpn_sees_its_own_pixels():
    pixels, inputs, samples, preprocessor = batch((64, 96), (70, 50))
    source, seen = loaded_rpn(), []
    extract = source.rpn.extract_feat
    source.rpn.extract_feat = lambda x: seen.append(x) or extract(x)
    source.fill(inputs, samples, preprocessor)
    assert seen[0].shape == (2, 3, 96, 96)  # padded to its divisor
    for image, got, (h, w) in zip(pixels, seen[0], [(64, 96), (70, 50)]):
        torch.testing.assert_close(got[:, :h, :w], image.float() - 100,
                                   atol=1e-3, rtol=0)
        assert (got[:, h:] == 0).all() and (got[:, :, w:] == 0).all()
    assert samples[1].batch_input_shape == (70, 96)  # ours is left alone


def test_rpn_gives_true_logits():
    _, inputs, samples, preprocessor = batch((64, 96), (70, 50))
    source = loaded_rpn()
    maps, forward = [], source.head.forward
    source.head.forward = lambda x: maps.append(forward(x)) or maps[-1]
    source.fill(inputs, samples, preprocessor)
    for i, sample in enumerate(samples):
        proposals = sample.proposals
        logits = proposals.objectness_logits
        wanted = maps[0][0][0][i].flatten()
        nearest = (logits[:, None] - wanted).abs().min(1)[0]
        assert len(logits) and nearest.max() < 1e-4
        assert (logits.diff() <= 0).all()
        torch.testing.assert_close(proposals.scores, logits.sigmoid())
        h, w = sample.img_shape
        assert proposals.bboxes[:, 2].max() <= w
        assert proposals.bboxes[:, 3].max() <= h


def test_rpn_is_not_rounded_by_autocast():
    _, inputs, samples, preprocessor = batch((64, 96))
    source = loaded_rpn()
    source.fill(inputs, samples, preprocessor)
    wanted = samples[0].proposals
    with torch.autocast('cpu', torch.bfloat16):
        source.fill(inputs, samples, preprocessor)
    got = samples[0].proposals
    assert got.objectness_logits.equal(wanted.objectness_logits)
    assert got.bboxes.equal(wanted.bboxes)


@torch.no_grad()
def test_networks_of_an_rpn_in_bfloat16():
    """Boxes and scores are as good as its maps, in float32."""
    _, inputs, samples, preprocessor = batch((64, 96), (70, 50))
    source = loaded_rpn()
    exact = source.propose(inputs, samples, preprocessor)
    source.inference_dtype = 'bfloat16'
    rough = source.propose(inputs, samples, preprocessor)
    for one, other in zip(exact, rough):
        assert other.bboxes.dtype == torch.float32
        logits, near = (x.objectness_logits[0] for x in (one, other))
        assert near != logits
        assert near.item() == pytest.approx(logits.item(), rel=0.05)
    with pytest.raises(ValueError, match="proposal_source.inference_dtype='x'"
                       ": choose None, 'bfloat16'"):
        MODELS.build(ConfigDict(type='RPNProposals', rpn=small_rpn(),
                                inference_dtype='x'))


def test_large_logits_survive():
    from regionclip_mm.models.proposals import rpn
    logits = torch.tensor([-30., -5, 0, 10, 17, 25])
    scores = (logits / rpn.LOGIT_SCALE).sigmoid()
    got = RPNProposals._proposals(
        InstanceData(bboxes=torch.zeros(6, 4), scores=scores))
    torch.testing.assert_close(got.objectness_logits, logits, atol=2e-5,
                               rtol=1e-5)


def test_rpn_never_trains():
    source = loaded_rpn().train()
    assert not source.rpn.training
    assert not any(p.requires_grad for p in source.parameters())


def test_rpn_refuses_random_weights():
    _, *rest = batch((64, 96))
    with pytest.raises(RuntimeError, match='(?s)no weights.*model_converters'):
        fill(dict(type='RPNProposals', rpn=small_rpn()), *rest)


def test_half_an_rpn_is_none():
    source = MODELS.build(ConfigDict(type='RPNProposals', rpn=small_rpn()))
    key = 'rpn.backbone.conv1.weight'
    source.load_state_dict({key: source.state_dict()[key]}, strict=False)
    _, *rest = batch((64, 96))
    with pytest.raises(RuntimeError, match='missing: backbone.bn1.weight'):
        source.fill(*rest)


RETINA = dict(
    type='RetinaNet', backbone=dict(type='ResNet', depth=18),
    neck=dict(type='FPN', in_channels=[64, 128, 256, 512], out_channels=8,
              num_outs=5),
    bbox_head=dict(type='RetinaHead', num_classes=3, in_channels=8,
                   feat_channels=8))


@pytest.mark.parametrize('rpn', [dict(type='ResNet', depth=18), RETINA])
def test_another_kind_of_network_is_named(rpn):
    with pytest.raises(ValueError, match=f"'{rpn['type']}' has no RPNHead"):
        MODELS.build(ConfigDict(type='RPNProposals', rpn=rpn))


def test_two_stage_detector_as_rpn():
    """A Faster R-CNN serves as well; its RoI head is not used."""
    cfg = small_rpn()
    cfg['type'] = 'FasterRCNN'
    cfg['roi_head'] = None
    cfg['test_cfg'] = dict(rpn=cfg['test_cfg']['rpn'], rcnn=None)
    source = MODELS.build(ConfigDict(type='RPNProposals', rpn=cfg))
    source.load_state_dict(source.state_dict())
    _, *rest = batch((64, 96))
    source.fill(*rest)
    assert len(rest[1][0].proposals)


def test_pixels_come_back():
    pixels, inputs, samples, preprocessor = batch((30, 41), (20, 60))
    images = to_pixels(inputs, [s.img_shape for s in samples], preprocessor)
    for got, want in zip(images, pixels):
        torch.testing.assert_close(got, want.float(), atol=1e-3, rtol=0)
