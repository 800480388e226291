"""Variables `pretrain_rn50`, `pretrain_rn50x4`: a student with its teacher.

Both begin as CLIP of one architecture. A leaf gives both the concept pool:
`num_classes` and `cls_predictor_cfg.vocabulary` of their bbox heads. The 300
proposals are those of pretraining, also in validation, which is on COCO's 65
classes; zero-shot detection has 1000 at NMS 0.9.
"""
_base_ = ['./regionclip_rn50x4.py', '../proposals/rpn_r50_fpn_lvis866.py']

# Above _base_, mmengine takes the file for one of another kind.
import copy  # noqa: E402

detections = dict(
    score_thr=0.001,
    nms=dict(type='nms', iou_threshold=0.5),
    max_per_img=100,
    objectness='sqrt_logit')
proposals = copy.deepcopy(_base_.rpn)
proposals.test_cfg.rpn.update(
    max_per_img=300, nms=dict(type='nms', iou_threshold=0.5))

pretrain_rn50 = copy.deepcopy(_base_.rn50)
pretrain_rn50x4 = copy.deepcopy(_base_.rn50x4)
for model in (pretrain_rn50, pretrain_rn50x4):
    arch = model.backbone.arch
    model.teacher = copy.deepcopy(model)
    model.teacher.update(  # it names the student's proposals
        proposal_source=dict(type='WholeImageProposals'),
        test_cfg=dict(rcnn=dict(detections, objectness='none')),
        init_cfg=dict(
            type='Pretrained',
            checkpoint=f'checkpoints/clip_{arch}_rpn-lvis866_text.pth'))
    model.update(
        type='RegionTextPretrainer',
        num_regions=100,
        concept_thr=0.1,
        text_encoder=dict(type='CLIPTextEncoder', arch=arch),
        proposal_source=dict(
            type='RPNProposals', rpn=copy.deepcopy(proposals)),
        test_cfg=dict(rcnn=dict(detections)))
    model.roi_head.bbox_head.cls_predictor_cfg.test_vocabulary = dict(
        type='VocabularyFile', path=f'data/vocabularies/coco_65_{arch}.pth')
del model, arch, detections, proposals
