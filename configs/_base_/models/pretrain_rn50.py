"""Variable `pretrainer`: CLIP's RN50 teaches another one the concepts.

A leaf gives both the pool: `num_classes`, and `cls_predictor_cfg.vocabulary`
of the student and of the teacher.
"""
_base_ = ['./regionclip_rn50.py', '../proposals/rpn_r50_fpn_lvis866.py']

# Above _base_, mmengine takes the file for one of another kind.
import copy  # noqa: E402

# of validation, which is zero-shot
test_cfg = dict(
    rcnn=dict(
        score_thr=0.001,
        nms=dict(type='nms', iou_threshold=0.5),
        max_per_img=100,
        objectness='sqrt_logit'))

teacher = copy.deepcopy(_base_.rn50)
teacher.update(
    test_cfg=dict(rcnn=dict(test_cfg['rcnn'], objectness='none')),
    # it names the student's proposals
    proposal_source=dict(type='WholeImageProposals'),
    init_cfg=dict(
        type='Pretrained', checkpoint='checkpoints/regionclip-clip_rn50.pth'))

rpn = copy.deepcopy(_base_.rpn)
rpn.test_cfg.rpn.update(
    max_per_img=300, nms=dict(type='nms', iou_threshold=0.5))

pretrainer = copy.deepcopy(_base_.rn50)
pretrainer.update(
    type='RegionTextPretrainer',
    test_cfg=test_cfg,
    teacher=teacher,
    num_regions=100,
    concept_thr=0.1,
    text_encoder=dict(type='CLIPTextEncoder', arch='rn50'),
    proposal_source=dict(type='RPNProposals', rpn=rpn))
