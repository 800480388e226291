"""Variable `pretrainer`: CLIP's RN50 teaches another one the concepts.

A leaf gives both the pool: `num_classes`, and `cls_predictor_cfg.vocabulary`
of the student and of `pretrainer.teacher`. The 300 proposals are those of
pretraining, also in validation; zero-shot detection has 1000 at NMS 0.9.
"""
_base_ = ['./regionclip_rn50.py', '../proposals/rpn_r50_fpn_lvis866.py']

# Above _base_, mmengine takes the file for one of another kind.
import copy  # noqa: E402

pretrainer = copy.deepcopy(_base_.rn50)
pretrainer.test_cfg = dict(
    rcnn=dict(
        score_thr=0.001,
        nms=dict(type='nms', iou_threshold=0.5),
        max_per_img=100,
        objectness='none'))
pretrainer.teacher = copy.deepcopy(pretrainer)
pretrainer.teacher.update(
    # it names the student's proposals
    proposal_source=dict(type='WholeImageProposals'),
    init_cfg=dict(
        type='Pretrained', checkpoint='checkpoints/clip_rn50_detector.pth'))
pretrainer.test_cfg.rcnn.objectness = 'sqrt_logit'
pretrainer.update(
    type='RegionTextPretrainer',
    num_regions=100,
    concept_thr=0.1,
    text_encoder=dict(type='CLIPTextEncoder', arch='rn50'),
    proposal_source=dict(
        type='RPNProposals', rpn=copy.deepcopy(_base_.rpn)))
pretrainer.proposal_source.rpn.test_cfg.rpn.update(
    max_per_img=300, nms=dict(type='nms', iou_threshold=0.5))
