# python tools/train.py configs/transfer/regionclip_rn50_custom.py
_base_ = [
    '../_base_/models/regionclip_rn50.py',
    '../_base_/models/transfer_coco.py',
    '../_base_/proposals/rpn_r50_fpn_lvis866.py',
    '../_base_/datasets/custom.py',  # your paths and classes: edit this one
    '../_base_/schedules/transfer_20k.py'
]
load_from = 'checkpoints/regionclip-cc_rn50_rpn-custom.pth'

model = _base_.rn50
model.update(
    proposal_source=dict(type='RPNProposals', rpn=_base_.rpn),
    train_cfg=_base_.coco_train_cfg,
    test_cfg=_base_.coco_test_cfg)
model.roi_head.bbox_head.update(
    _base_.coco_bbox_head, num_classes=len(_base_.train_classes))
encoder = dict(type='CLIPTextEncoder', arch='rn50', checkpoint='clip://RN50')
model.roi_head.bbox_head.cls_predictor_cfg.update(
    vocabulary=dict(
        type='PromptedVocabulary',
        names=_base_.train_classes,
        text_encoder=encoder),
    test_vocabulary=dict(
        type='PromptedVocabulary',
        names=_base_.test_classes,
        text_encoder=encoder))
