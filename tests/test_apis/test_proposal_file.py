"""Proposals from a file are those of the RPN that wrote it."""
import pytest
import torch
from coco_files import make_scenes, write_coco
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from nano import PIPELINE, make_vocabulary, nano_detector
from PIL import Image

from mmdet.registry import DATASETS, MODELS
from regionclip_mm.apis.proposal_file import extract_proposals

NAMES = ('cat', 'dog', 'traffic cone')
RPN = dict(
    type='RPN',
    data_preprocessor=dict(type='DetDataPreprocessor', bgr_to_rgb=False),
    backbone=dict(type='CLIPResNet', arch='nano', out_indices=(2, )),
    neck=None,
    rpn_head=dict(
        type='RPNHead', in_channels=256, feat_channels=32,
        anchor_generator=dict(type='AnchorGenerator', scales=[2, 4],
                              ratios=[0.5, 1.0, 2.0], strides=[16])),
    train_cfg=None,
    test_cfg=dict(rpn=dict(nms_pre=100, max_per_img=20, min_bbox_size=0,
                           nms=dict(type='nms', iou_threshold=0.7))))
LOAD, RESIZE, ANNOTATIONS, PACK = PIPELINE
FROM_FILE = [LOAD, dict(type='LoadProposals'), ANNOTATIONS,
             dict(type='ProposalBroadcaster', transforms=[RESIZE]), PACK]
LIVE = [LOAD, ANNOTATIONS, RESIZE, PACK]


@pytest.fixture
def data(tmp_path):
    """Noisy pictures with annotated objects."""
    scenes = make_scenes(NAMES, images=2)
    write_coco(tmp_path / 'a.json', scenes, {n: i for i, n in
                                             enumerate(NAMES, 1)})
    (tmp_path / 'val').mkdir()
    for scene in scenes:
        noise = torch.randint(0, 256, (96, 128, 3), dtype=torch.uint8)
        Image.fromarray(noise.numpy()).save(
            tmp_path / f'val/{scene["id"]}.png')
    return tmp_path


def dataset(folder, pipeline, **kwargs):
    init_default_scope('mmdet')
    return DATASETS.build(dict(
        type='OVCocoDataset', metainfo=dict(classes=NAMES), test_mode=True,
        ann_file=str(folder / 'a.json'), pipeline=pipeline,
        data_prefix=dict(img=str(folder / 'val')), **kwargs))


def batches(folder, pipeline, **kwargs):
    return [pseudo_collate([item])
            for item in dataset(folder, pipeline, **kwargs)]


@pytest.fixture(params=['none', 'sqrt_prob', 'sqrt_logit'])
def detectors(data, request):
    """Live, and from the file that the live one wrote; with each fusion."""
    live = nano_detector(proposals=dict(type='RPNProposals', rpn=RPN))
    bias = live.proposal_source.head.rpn_cls.bias
    torch.nn.init.constant_(bias, 18.)  # no probability tells it from 1
    live.set_vocabulary(make_vocabulary(NAMES))
    logits = request.param == 'sqrt_logit'
    assert extract_proposals(
        live, batches(data, LIVE), str(data / 'p.pkl'),
        'objectness_logits' if logits else 'scores') == 2
    filed = swap_source(live, logits)
    for detector in (live, filed):
        detector.roi_head.test_cfg.objectness = request.param
    return live, filed


def swap_source(live, logits):
    source = MODELS.build(dict(type='FileProposals', logits=logits))
    filed = nano_detector()
    filed.load_state_dict({k: v for k, v in live.state_dict().items()
                           if not k.startswith('proposal_source')})
    filed.set_vocabulary(make_vocabulary(NAMES))
    filed.proposal_source = source
    return filed


def test_same_detections(data, detectors):
    live, filed = detectors
    file = dict(proposal_file=str(data / 'p.pkl'))
    for one, two in zip(batches(data, LIVE),
                        batches(data, FROM_FILE, **file)):
        [a], [b] = live.test_step(one), filed.test_step(two)
        assert len(a.pred_instances) > 0
        assert len(a.pred_instances) == len(b.pred_instances)
        away = torch.cdist(rows(a.pred_instances), rows(b.pred_instances),
                           p=torch.inf)  # equal scores come in any order
        assert away.amin(0).max() < 2e-2 and away.amin(1).max() < 2e-2


def rows(found):
    """(M, 6); labels and scores weigh as much as a thousand pixels."""
    return torch.cat([found.bboxes, 1000 * found.labels[:, None].float(),
                      1000 * found.scores[:, None]], 1)


def test_same_proposals_in_training(data, detectors):
    """At the scale of the file: what the losses are computed from."""
    live, filed = (d.train() for d in detectors)
    file = dict(proposal_file=str(data / 'p.pkl'))
    for one, two in zip(batches(data, LIVE),
                        batches(data, FROM_FILE, **file)):
        boxes = []
        for detector, batch in ((live, one), (filed, two)):
            batch = detector.data_preprocessor(batch, training=True)
            detector._propose(batch['inputs'], batch['data_samples'])
            boxes.append(batch['data_samples'][0].proposals)
        torch.testing.assert_close(boxes[0].bboxes, boxes[1].bboxes,
                                   rtol=1e-5, atol=1e-4)
        torch.testing.assert_close(boxes[0].scores, boxes[1].scores)
        if filed.proposal_source.logits:
            torch.testing.assert_close(boxes[0].objectness_logits,
                                       boxes[1].objectness_logits)


def test_images_of_one_name(data):
    live = nano_detector()
    [first, _] = batches(data, LIVE)
    [again, _] = batches(data, LIVE)
    with pytest.raises(ValueError, match='two images are called val/100.png'):
        extract_proposals(live, [first, again], str(data / 'p.pkl'))


def test_a_source_without_logits(data):
    with pytest.raises(ValueError, match='GridProposals gives probabilities '
                       'alone; leave out --logits'):
        extract_proposals(nano_detector(), batches(data, LIVE),
                          str(data / 'p.pkl'), 'objectness_logits')
