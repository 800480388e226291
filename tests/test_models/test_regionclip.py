"""The detector as a whole, small and random."""
import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData
from nano import nano_detector

from mmdet.structures import DetDataSample
from regionclip_mm.text import Vocabulary


def data(*shapes, boxes=None):
    generator = torch.Generator().manual_seed(0)
    inputs = [torch.randint(0, 256, (3, *s), generator=generator,
                            dtype=torch.uint8) for s in shapes]
    samples = []
    for i, s in enumerate(shapes):
        sample = DetDataSample(metainfo=dict(
            img_shape=s, ori_shape=(2 * s[0], 2 * s[1]),
            scale_factor=(0.5, 0.5)))
        if boxes is not None:
            sample.gt_instances = InstanceData(
                bboxes=torch.tensor(boxes[i], dtype=torch.float).view(-1, 4),
                labels=torch.zeros(len(boxes[i]), dtype=torch.long))
        samples.append(sample)
    return dict(inputs=inputs, data_samples=samples)


def words(num, seed=0, dim=128):
    generator = torch.Generator().manual_seed(seed)
    return Vocabulary([f'word {i}' for i in range(num)],
                      torch.randn(num, dim, generator=generator), {})


@pytest.fixture(scope='module')
def detector():
    detector = nano_detector()
    detector.set_vocabulary(words(5))
    return detector


@pytest.fixture(scope='module')
def gt_detector():
    detector = nano_detector(proposals=dict(type='GTProposals'))
    detector.set_vocabulary(words(5))
    return detector


@torch.no_grad()
def test_predictions_carry_names_in_original_pixels(detector):
    for sample in detector.test_step(data((64, 96), (80, 50))):
        found = sample.pred_instances
        assert len(found)
        assert found.label_names == [f'word {i}' for i in found.labels]
        assert (found.scores.diff() <= 0).all()
        h, w = sample.ori_shape
        assert found.bboxes[:, 2].max() <= w + 1e-3
        assert found.bboxes[:, 3].max() <= h + 1e-3
        assert found.bboxes.max() > 100  # not in network pixels
        torch.testing.assert_close(found.scores, found.class_scores)


@torch.no_grad()
def test_vocabulary_of_any_size(detector):
    for num in (1, 9, 70, 5):
        detector.set_vocabulary(words(num))
        found = detector.test_step(data((64, 96)))[0].pred_instances
        assert found.labels.max() < num
        assert len(detector.vocabulary) == num


@torch.no_grad()
def test_an_image_alone_and_in_a_batch_of_equal_size(gt_detector):
    boxes = [[[0, 0, 40, 40], [10, 5, 60, 50]], [[5, 5, 30, 60]]]
    together = gt_detector.test_step(data((64, 96), (64, 96), boxes=boxes))
    both = data((64, 96), (64, 96), boxes=boxes)
    for i in range(2):
        alone = gt_detector.test_step(
            {k: v[i:i + 1] for k, v in both.items()})[0].pred_instances
        torch.testing.assert_close(alone.scores,
                                   together[i].pred_instances.scores,
                                   atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize('boxes', [[[], []], [[], [[0, 0, 9, 9]]]])
@torch.no_grad()
def test_images_without_proposals(gt_detector, boxes):
    first, second = gt_detector.test_step(
        data((64, 96), (64, 96), boxes=boxes))
    assert len(first.pred_instances) == 0
    assert first.pred_instances.label_names == []
    assert first.pred_instances.bboxes.shape == (0, 4)
    assert bool(len(second.pred_instances)) == bool(boxes[1])


@torch.no_grad()
def test_boxes_outside_or_without_area(gt_detector):
    boxes = [[[-20, -20, 30, 30], [90, 60, 300, 300], [10, 10, 10, 40],
              [200, 200, 260, 260], [5, 5, 50, 50]]]
    sample = gt_detector.test_step(data((64, 96), boxes=boxes))[0]
    found = sample.pred_instances.bboxes / 2  # in network pixels
    assert (found >= 0).all()
    assert (found[:, 2] <= 96).all() and (found[:, 3] <= 64).all()
    assert (found[:, 2:] > found[:, :2]).all()
    assert torch.isfinite(sample.pred_instances.scores).all()
    assert len(found.unique(dim=0)) == 3


@torch.no_grad()
def test_encode_regions(detector):
    prepared = detector.data_preprocessor(data((64, 96), (64, 96)))
    boxes = [torch.tensor([[0., 0, 40, 40]] * 3), torch.zeros(0, 4)]
    got = detector.encode_regions(prepared['inputs'], boxes)
    assert got.shape == (3, 128)
    empty = [torch.zeros(0, 4)] * 2
    assert detector.encode_regions(prepared['inputs'], empty).shape == (0, 128)


@torch.no_grad()
def test_chunks_do_not_change_the_result(detector):
    prepared = detector.data_preprocessor(data((64, 96)))
    boxes = [torch.rand(50, 2).repeat(1, 2) * 30 +
             torch.tensor([0., 0, 25, 25])]
    whole = detector.encode_regions(prepared['inputs'], boxes)
    size, detector.roi_head.chunk_size = detector.roi_head.chunk_size, 7
    pieces = detector.encode_regions(prepared['inputs'], boxes)
    rois = torch.nn.functional.pad(boxes[0], (1, 0))
    features = detector.extract_feat(prepared['inputs'])
    logits = detector.roi_head._bbox_forward(features, rois)['cls_score']
    detector.roi_head.chunk_size = size
    torch.testing.assert_close(whole, pieces, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(
        logits, detector.roi_head.bbox_head.fc_cls(whole), atol=1e-3,
        rtol=1e-4)


def test_words_touch_no_file(detector, monkeypatch):
    import builtins
    detector.set_vocabulary(['cat', 'dog'])  # transformers is imported

    def refuse(*args, **kwargs):
        raise AssertionError(f'opened {args[0]}')

    monkeypatch.setattr(builtins, 'open', refuse)
    monkeypatch.setattr(torch, 'load', refuse)
    detector.set_vocabulary(['traffic cone', 'zebra', 'Ünïcødé'])
    assert detector.vocabulary.names == ('traffic cone', 'zebra', 'Ünïcødé')


def test_a_string_is_not_a_vocabulary(detector):
    with pytest.raises(TypeError, match=r"write \['cat'\]"):
        detector.set_vocabulary('cat')


def test_words_need_a_text_encoder():
    detector = nano_detector()
    detector.text_encoder = None
    with pytest.raises(RuntimeError, match='no text encoder.*'
                                           'model.text_encoder'):
        detector.set_vocabulary(['cat'])


@pytest.mark.parametrize('fusion', ['sqrt_logit', 'sqrt_prob', 'none'])
@torch.no_grad()
def test_fusion(detector, fusion):
    detector.set_vocabulary(words(5))
    cfg = detector.roi_head.test_cfg
    detector.roi_head.test_cfg = ConfigDict(cfg, objectness=fusion)
    source, detector.proposal_source = detector.proposal_source, Fixed()
    try:
        found = detector.test_step(data((64, 96)))[0].pred_instances
    finally:
        detector.roi_head.test_cfg = cfg
        detector.proposal_source = source
    boxes = (found.bboxes / 2).round()[:, 0].long()  # x1 tells the proposal
    logits = Fixed.LOGITS[boxes // 10]
    want = dict(sqrt_logit=(found.class_scores * logits).sqrt(),
                sqrt_prob=(found.class_scores * logits.sigmoid()).sqrt(),
                none=found.class_scores)[fusion]
    torch.testing.assert_close(found.scores, want)
    assert (boxes == 20).any() == (fusion != 'sqrt_logit')


class Fixed(torch.nn.Module):
    """Three boxes apart from each other, one with a negative logit."""
    LOGITS = torch.tensor([3.0, 0.5, -1.0])

    def fill(self, inputs, samples, preprocessor):
        left = torch.tensor([0., 10, 20])
        boxes = torch.stack([left, left, left + 9, left + 9], 1)
        samples[0].proposals = InstanceData(
            bboxes=boxes, scores=self.LOGITS.sigmoid(),
            objectness_logits=self.LOGITS.clone())


@torch.no_grad()
def test_fusion_errors(detector):
    detector.set_vocabulary(words(5))
    cfg = detector.roi_head.test_cfg
    for name, message in (('sqrt_logit', 'needs objectness_logits.*'
                                         'RPNProposals'),
                          ('sum', "objectness='sum': choose one of 'none'")):
        detector.roi_head.test_cfg = ConfigDict(cfg, objectness=name)
        with pytest.raises(ValueError, match=message):
            detector.test_step(data((64, 96)))
    detector.roi_head.test_cfg = cfg


@pytest.mark.parametrize('source, fits', [
    (dict(type='GridProposals'), False), (dict(type='FileProposals'), False),
    (dict(type='FileProposals', logits=True), True)])
def test_a_source_without_the_logits_that_testing_needs(source, fits):
    """Known when the detector is built, not at the first validation."""
    from nano import nano_model

    from mmdet.registry import MODELS
    model = nano_model(source)
    model['test_cfg']['rcnn']['objectness'] = 'sqrt_logit'
    if fits:
        MODELS.build(ConfigDict(model))
        return
    with pytest.raises(ValueError, match="objectness='sqrt_logit' needs the "
                       r'objectness logits .*FileProposals\(logits=True\)'):
        MODELS.build(ConfigDict(model))


def test_tensor_mode(detector):
    prepared = detector.data_preprocessor(data((64, 96)))
    with torch.no_grad():
        (scores, deltas), = detector(**prepared, mode='tensor')
    assert scores.shape[1] == 6 and deltas is None


def test_encode_regions_has_gradients(detector):
    prepared = detector.data_preprocessor(data((64, 96)))
    boxes = [torch.tensor([[0., 0, 40, 40]])]
    detector.encode_regions(prepared['inputs'], boxes).sum().backward()
    assert detector.backbone.layer3[0].conv1.weight.grad is not None
    assert detector.backbone.layer1[0].conv1.weight.grad is None
    assert np.isfinite(float(detector.roi_head.bbox_head.region_pool.c_proj
                             .weight.grad.sum()))


def test_half_loaded_weights_do_not_train():
    """Heads may begin at random, the encoder not; said once is enough."""
    from nano import nano_model

    from mmdet.registry import MODELS
    model = MODELS.build(ConfigDict(nano_model()))
    state = model.state_dict()
    part = {k: v for k, v in state.items() if 'layer4' not in k}
    model.load_state_dict(part, strict=False)
    with pytest.raises(RuntimeError, match='lacks .* weights of the region '
                       'encoder .*layer4.*load_from must be of the same arch'):
        model.loss(torch.zeros(0, 3, 64, 64), [])
    model.load_state_dict(
        {k: v for k, v in state.items() if 'fc_reg' not in k}, strict=False)
    model._check_encoder()


@pytest.mark.parametrize('foreign', [
    {'conv1.weight': torch.zeros(2)}, {'model.backbone.x': torch.zeros(2)}])
def test_weights_of_which_nothing_fits_do_not_train(foreign):
    from nano import nano_model

    from mmdet.registry import MODELS
    model = MODELS.build(ConfigDict(nano_model()))
    model.load_state_dict(foreign, strict=False)
    with pytest.raises(RuntimeError, match='lacks .* weights of the region '
                       'encoder'):
        model.loss(torch.zeros(0, 3, 64, 64), [])


def test_half_loaded_weights_do_not_detect():
    from nano import nano_config

    from mmdet.registry import MODELS
    whole = nano_detector().state_dict()
    detector = MODELS.build(nano_config().model).eval()
    detector.set_vocabulary(words(3))
    with pytest.warns(UserWarning, match='random weights mean nothing'):
        detector.test_step(data((64, 96)))
    heads = {k: v for k, v in whole.items() if k.startswith('roi_head')}
    trunk = {k: v for k, v in whole.items() if k.startswith('backbone')}
    detector.load_state_dict(trunk, strict=False)
    with pytest.raises(RuntimeError, match='lacks .*roi_head.*converters'):
        detector.test_step(data((64, 96)))
    detector.load_state_dict(heads, strict=False)  # the rest: complete
    detector.test_step(data((64, 96)))


def test_no_vocabulary_is_named():
    with pytest.raises(RuntimeError, match='no classes.*cls_predictor_cfg'):
        nano_detector().test_step(data((64, 96)))


def test_vocabulary_of_another_clip_of_equal_size(detector):
    other = words(5)
    detector.set_vocabulary(
        Vocabulary(other.names, other.embeddings, dict(arch='rn50x64')))
    with pytest.raises(ValueError, match='rn50x64.*nano.*--arch nano'):
        detector.test_step(data((64, 96)))
    detector.set_vocabulary(other)


@pytest.mark.parametrize('nms', [
    dict(type='nms', iou_threshold=0.5), dict(type='soft_nms')])
@torch.no_grad()
def test_nothing_above_the_threshold(detector, nms):
    cfg = detector.roi_head.test_cfg
    detector.roi_head.test_cfg = ConfigDict(cfg, score_thr=2.0, nms=nms)
    found = detector.test_step(data((64, 96)))[0].pred_instances
    detector.roi_head.test_cfg = cfg
    assert len(found) == 0 and found.label_names == []


def test_nms_options():
    from regionclip_mm.models.utils import get_suppression
    boxes = torch.tensor([[0., 0, 10, 10]]).repeat(2, 1)
    args = boxes, torch.tensor([.9, .8]), torch.tensor([0, 1]), -1
    for nms in (dict(type='nms', iou_threshold=0.5),
                dict(type='soft_nms', method='naive')):
        assert len(get_suppression(nms)(*args)[0]) == 2
        agnostic = get_suppression(dict(nms, class_agnostic=True))
        assert len(agnostic(*args)[0]) == 1


@pytest.mark.parametrize('nms, message', [
    (dict(type='nms', iou_threshold=0.5, max_num=1),
     'rcnn.nms has max_num.*takes iou_threshold and.*max_per_img'),
    (dict(type='soft_nms', thr=1),
     'rcnn.nms has thr; .*iou_threshold, sigma, min_score, method'),
    (dict(type='nms'), 'needs an iou_threshold'),
    (dict(type='matrix_nms'),
     "'matrix_nms': choose one of 'nms', 'soft_nms', 'off"),
    (dict(type='soft_nms', method='hard'),
     "method='hard': choose one of 'gaussian', 'linear', 'naive'"),
    (dict(type='soft_nms', sigma=0), 'sigma=0: give a positive')])
def test_misspelt_nms(nms, message):
    """Before anything is detected, in the user's words."""
    from nano import nano_model

    from mmdet.registry import MODELS
    model = nano_model()
    model['test_cfg']['rcnn']['nms'] = nms
    with pytest.raises(ValueError, match=message):
        MODELS.build(ConfigDict(model))


@torch.no_grad()
def test_regions_without_a_shared_head():
    """As on a pyramid: the pool sees the RoI maps directly."""
    from mmdet.registry import MODELS
    from mmdet.utils import register_all_modules
    register_all_modules()
    head = MODELS.build(ConfigDict(
        type='RegionRoIHead',
        bbox_roi_extractor=dict(
            type='SingleRoIExtractor', out_channels=512, featmap_strides=[4],
            roi_layer=dict(type='RoIAlign', output_size=4)),
        bbox_head=dict(
            type='RegionBBoxHead', num_classes=2, reg_class_agnostic=True,
            region_pool=dict(type='AttentionPool2d', arch='nano'),
            cls_predictor_cfg=dict(type='TextEmbeddingClassifier'))))
    got = head.encode_regions((torch.rand(1, 512, 8, 8), ),
                              [torch.tensor([[0., 0, 9, 9]])])
    assert got.shape == (1, 128)


@pytest.mark.parametrize('change, message', [
    (dict(test_cfg=dict(objectnes='none')),
     'rcnn has objectnes; it takes .*objectness'),
    (dict(chunk_size=0), 'chunk_size=0: give a positive')])
def test_misspelt_options_of_the_head(change, message):
    from nano import nano_model

    from mmdet.registry import MODELS
    head = {**nano_model()['roi_head'], **change}
    with pytest.raises(ValueError, match=message):
        MODELS.build(ConfigDict(head))


@pytest.mark.parametrize('change, message', [
    (dict(chunk_size='64'), "chunk_size='64': give a positive whole number"),
    (dict(chunk_size=64.0), 'chunk_size=64.0: give a positive whole number'),
    (dict(score_thr=None), 'rcnn needs score_thr, for example score_thr=0.05'),
    (dict(nms=None), 'rcnn needs nms, for example nms=dict'),
    (dict(score_thr='0.3'), "rcnn.score_thr='0.3': give a number"),
    (dict(max_per_img='10'), "rcnn.max_per_img='10': give a number"),
    (dict(nms=dict(type='nms', iou_threshold='0.3')),
     "nms.iou_threshold='0.3': give a number"),
    (dict(objectness='sqrt'), "objectness='sqrt'.*sqrt_logit"),
    (dict(temperature=-1), 'temperature=-1: give a positive number'),
    (dict(temperature='0.01'), "temperature='0.01': give a positive number"),
    (dict(temperature=float('nan')), 'temperature=nan: give a positive'),
    (dict(reg_class_agnostic=False, with_reg=True),
     'reg_class_agnostic=False refines boxes per class'),
    (dict(cls_predictor_cfg=dict(type='Linear')), 'has no text classifier')])
def test_mistakes_of_a_config_show_when_it_is_built(change, message):
    from nano import nano_model

    from mmdet.registry import MODELS
    model = nano_model()
    head = model['roi_head']['bbox_head']
    for key, value in change.items():
        for part in (model['roi_head'] if key == 'chunk_size' else None,
                     head if key in head else None,
                     head['cls_predictor_cfg'] if key == 'temperature'
                     else None, model['test_cfg']['rcnn']):
            if part is not None:
                part[key] = value
                break
    with pytest.raises(ValueError, match=message):
        MODELS.build(ConfigDict(model))


def test_losses_without_gradients():
    """A loss of validation: in training mode, under no_grad."""
    from nano import nano_model

    from mmdet.registry import MODELS
    cfg = ConfigDict(nano_model(dict(type='GridProposals')))
    cfg.roi_head.update(mask_head=dict(
        type='FCNMaskHead', num_convs=0, in_channels=512,
        conv_out_channels=8, num_classes=1))
    head = MODELS.build(dict(cfg.roi_head, test_cfg=cfg.test_cfg.rcnn))
    maps, rois = (torch.rand(1, 256, 8, 8), ), torch.tensor(
        [[0., 0, 0, 60, 60]])
    head.bbox_head.fc_cls = torch.nn.Identity()
    with torch.no_grad():
        assert 'bbox_feats' in head.train()._bbox_forward(maps, rois)
        assert 'mask_feats' in head._mask_forward(maps, rois)
        assert 'bbox_feats' not in head.eval()._bbox_forward(maps, rois)
