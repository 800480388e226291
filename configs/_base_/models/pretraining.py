"""What makes a region encoder a student, and its copy the teacher.

Variables `student` and `teacher` update a model of this folder, whose
`cls_predictor_cfg.vocabulary` is the concept pool:

    model = _base_.rn50
    model.update(teacher=copy.deepcopy(model))
    model.update(_base_.student)
    model.teacher.update(_base_.teacher)

The 300 proposals are those of pretraining, also in validation; zero-shot
detection has 1000 at NMS 0.9. A leaf adds `text_encoder` of the student and
`init_cfg` of the teacher.
"""
_base_ = '../proposals/rpn_r50_fpn_lvis866.py'

student = dict(
    type='RegionTextPretrainer',
    num_regions=100,
    concept_thr=0.1,
    proposal_source=dict(type='RPNProposals', rpn=_base_.rpn),
    test_cfg=dict(
        rcnn=dict(
            score_thr=0.001,
            nms=dict(type='nms', iou_threshold=0.5),
            max_per_img=100,
            objectness='sqrt_logit')))
student['proposal_source']['rpn']['test_cfg']['rpn'].update(
    max_per_img=300, nms=dict(type='nms', iou_threshold=0.5))

# it names the student's proposals
teacher = dict(
    proposal_source=dict(type='WholeImageProposals'),
    test_cfg=dict(
        rcnn=dict(student['test_cfg']['rcnn'], objectness='none')))
