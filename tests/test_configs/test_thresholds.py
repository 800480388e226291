"""The thresholds of the original's zero-shot evaluations, leaf by leaf."""
import pytest
from mmengine.config import Config
from sweep import ROOT

FOLDER = ROOT / 'configs/zeroshot'
LEAVES = {  # score_thr, IoU of NMS, max_per_img, objectness, IoU of RPN's NMS
    'gt_coco-ovd': (0.001, 0.5, 100, 'none', None),
    'gt_lvis': (0.0001, 0.5, 300, 'none', None),
    'rpn_coco-ovd': (0.001, 0.5, 100, 'sqrt_logit', 0.9),
    'rpn_lvis': (0.02, 0.5, 300, 'sqrt_logit', 0.9),
    'rpn_words': (0.02, 0.3, 300, 'sqrt_logit', 0.9),
}
NAMES = {f'regionclip_{arch}_{leaf}.py': leaf
         for arch in ('rn50', 'rn50x4') for leaf in LEAVES}
NAMES['regionclip_rn50_rpn-clip_lvis.py'] = 'rpn_lvis'


def test_every_leaf_is_here():
    assert {path.name for path in FOLDER.glob('*.py')} == set(NAMES)


@pytest.mark.parametrize('name', NAMES)
def test_thresholds(name):
    score_thr, iou, count, objectness, rpn_iou = LEAVES[NAMES[name]]
    model = Config.fromfile(FOLDER / name).model
    assert model.test_cfg.to_dict() == dict(rcnn=dict(
        score_thr=score_thr, nms=dict(type='nms', iou_threshold=iou),
        max_per_img=count, objectness=objectness))
    assert model.roi_head.bbox_head.with_reg is False
    assert model.roi_head.bbox_head.cls_predictor_cfg.temperature == 0.01
    if rpn_iou is None:
        assert model.proposal_source == dict(type='GTProposals')
    else:
        assert model.proposal_source.rpn.test_cfg.rpn == dict(
            nms_pre=1000, max_per_img=1000,
            nms=dict(type='nms', iou_threshold=rpn_iou), min_bbox_size=0)
