"""Functions of the reference on synthetic inputs, as the configs say."""
import numpy as np
import pytest
import torch
from mmengine.config import Config, ConfigDict
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData
from parity import ROOT, golden_utils, load_case, relative

from mmdet.registry import MODELS, TASK_UTILS
from mmdet.structures import DetDataSample
from mmdet.structures.bbox import bbox2roi
from regionclip_mm.models.roi_heads.region_roi_head import select_detections

ARRAYS, CASE = load_case('g7_units')
SETTINGS = CASE['post_settings']


def suppression_of(setting: dict) -> dict:
    """`nms` of the config; mmcv's name of the method 'hard' is 'naive'."""
    if not setting['soft']:
        return dict(type='nms', iou_threshold=setting['nms_thresh'])
    return dict(
        type='offset_soft_nms', iou_threshold=setting['nms_thresh'],
        method=setting['method'].replace('hard', 'naive'),
        sigma=setting['sigma'], min_score=setting['prune'])


@pytest.mark.parametrize('name', sorted(SETTINGS))
def test_final_inference(name):
    setting = SETTINGS[name]
    fused = setting['score'] != 'prob'
    cfg = ConfigDict(
        score_thr=setting['score_thresh'], nms=suppression_of(setting),
        max_per_img=setting['topk'],
        objectness='sqrt_logit' if fused else 'none')
    raw = InstanceData(bboxes=torch.from_numpy(ARRAYS['post_boxes']),
                       scores=torch.from_numpy(ARRAYS['post_probs']))
    proposals = InstanceData(
        objectness_logits=torch.from_numpy(ARRAYS['post_objectness']))
    got = select_detections(raw, proposals,
                            dict(img_shape=CASE['post_image_hw']), cfg, False)
    want = [ARRAYS[f'post_{name}_{f}'] for f in
            ('boxes', 'scores', 'classes')]
    matched = golden_utils.match_detections(
        want, (got.bboxes, got.scores, got.labels), 1e-4, 1e-6)
    assert len(got) == setting['detections']
    assert len(got) == 0 or min(matched[:2]) == 1
    torch.testing.assert_close(got.scores, torch.from_numpy(want[1]))


def arrays(*names: str) -> list:
    return [torch.from_numpy(ARRAYS[name]) for name in names]


def fragment(name: str) -> Config:
    init_default_scope('mmdet')
    return Config.fromfile(ROOT / f'configs/_base_/{name}.py')


RPNS = ['rpn_r50_c4_coco48', 'rpn_r50_fpn_lvis866', 'rpn_r50_fpn_lvis866_lsj']


@pytest.mark.parametrize('name', RPNS)
def test_boxes_of_the_rpns(name):
    head = fragment(f'proposals/{name}').rpn.rpn_head
    coder = TASK_UTILS.build(head.bbox_coder)
    anchors, boxes, deltas, encoded, decoded = arrays(*(
        f'box_rpn_{x}' for x in ('src', 'dst', 'deltas', 'encoded',
                                 'decoded')))
    torch.testing.assert_close(coder.encode(anchors, boxes), encoded,
                               rtol=1e-5, atol=1e-4)
    torch.testing.assert_close(coder.decode(anchors, deltas), decoded,
                               rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize('name, sizes, levels', [
    (RPNS[0], [(3, 4)], ['c4']),
    (RPNS[1], [(3, 4), (2, 2), (1, 1), (1, 1), (1, 1)], ['p2', 'p3']),
    (RPNS[2], [(3, 4), (2, 2), (1, 1), (1, 1), (1, 1)], ['p2', 'p3'])])
def test_anchors_of_the_rpns(name, sizes, levels):
    head = fragment(f'proposals/{name}').rpn.rpn_head
    found = TASK_UTILS.build(head.anchor_generator).grid_priors(
        sizes, device='cpu')
    for anchors, level in zip(found, levels):
        torch.testing.assert_close(anchors, *arrays(f'anchors_{level}'))


def maps_of(head: torch.nn.Module) -> tuple:
    """Maps (1, A, H, W) and (1, 4 A, H, W) of each level from which the head
    decodes the boxes of the case; empty boxes fill what is left."""
    sizes = [(5, 6), (2, 7), (1, 1), (1, 1), (1, 1)]
    levels = head.prior_generator.grid_priors(sizes, device='cpu')
    maps = [], []
    for level, (anchors, size) in enumerate(zip(levels, sizes)):
        boxes, logits = anchors[:, [0, 1, 0, 1]], anchors.new_full(
            anchors.shape[:1], -100)
        if level < 2:
            known = arrays(f'rpnsel_boxes_{level}', f'rpnsel_logits_{level}')
            boxes[:len(known[0])], logits[:len(known[1])] = known
        deltas = head.bbox_coder.encode(anchors, boxes)
        for values, part in zip((logits, deltas), maps):
            part.append(values.view(1, *size, -1).permute(0, 3, 1, 2))
    return maps


@pytest.mark.parametrize('name, changes', [
    ('a', dict()),  # as shipped
    ('b', dict(nms=dict(iou_threshold=0.9), nms_pre=50, max_per_img=60)),
    ('c', dict(nms=dict(iou_threshold=0.3), nms_pre=25, max_per_img=20))])
def test_selection_of_proposals(name, changes):
    cfg = fragment(f'proposals/{RPNS[1]}')
    cfg.merge_from_dict(dict(rpn=dict(test_cfg=dict(rpn=changes))))
    source = MODELS.build(dict(type='RPNProposals', rpn=cfg.rpn))
    source.load_state_dict(source.state_dict())
    maps = maps_of(source.head)
    source.rpn.extract_feat = lambda inputs: ()
    source.head.forward = lambda features: maps
    sample = DetDataSample(metainfo=dict(img_shape=(280, 370)))
    pixels = MODELS.build(dict(
        type='DetDataPreprocessor', mean=[0.] * 3, std=[1.] * 3))
    [found] = source.propose(torch.zeros(1, 3, 280, 370), [sample], pixels)
    boxes, logits = arrays(f'rpnsel_{name}_out_boxes',
                           f'rpnsel_{name}_out_logits')
    torch.testing.assert_close(found.objectness_logits, logits,
                               rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(found.bboxes, boxes, rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize('arch, size', [('rn50', 14), ('rn50x4', 18)])
def test_region_maps(arch, size):
    """Boxes beyond the image and without area included."""
    cfg = fragment(f'models/regionclip_{arch}')[arch].roi_head
    extract = MODELS.build(cfg.bbox_roi_extractor)
    features, *boxes = arrays('roi_feat', 'roi_boxes_0', 'roi_boxes_1')
    found = extract((features, ), bbox2roi(boxes))
    assert relative(golden_utils.take(CASE, f'roi_out{size}', found),
                    ARRAYS[f'roi_out{size}']) < 1e-6


def test_masks_in_their_places():
    """Soft masks of 14 x 14, pasted into their boxes in the image."""
    from mmdet.models.roi_heads.mask_heads import FCNMaskHead
    head = FCNMaskHead(num_convs=0, class_agnostic=True)
    soft, boxes = arrays('paste_masks', 'paste_boxes')
    want = np.unpackbits(ARRAYS['paste_out_packed'], axis=-1).astype(bool)
    found = head._predict_by_feat_single(
        torch.logit(soft.double()).float()[:, None], boxes,
        torch.zeros(len(boxes)),
        dict(ori_shape=want.shape[1:], scale_factor=(1., 1.)),
        ConfigDict(mask_thr_binary=0.5), rescale=True).numpy()
    both, either = ((found & want).sum((1, 2)), (found | want).sum((1, 2)))
    assert (both >= 0.995 * either).all()
