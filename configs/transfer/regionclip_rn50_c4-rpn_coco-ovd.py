# python tools/train.py configs/transfer/regionclip_rn50_c4-rpn_coco-ovd.py
_base_ = [
    '../_base_/models/regionclip_rn50.py',
    '../_base_/models/transfer_coco.py',
    '../_base_/proposals/rpn_r50_c4_coco48.py',
    '../_base_/transfer_coco-ovd.py'
]
load_from = 'checkpoints/regionclip-cc_rn50_rpn-coco48.pth'

model = _base_.rn50
model.update(
    proposal_source=dict(type='RPNProposals', rpn=_base_.rpn),
    train_cfg=_base_.coco_train_cfg,
    test_cfg=_base_.coco_test_cfg)
model.roi_head.bbox_head.update(_base_.coco_bbox_head)
model.roi_head.bbox_head.cls_predictor_cfg.update(
    vocabulary=dict(
        type='VocabularyFile', path='data/vocabularies/coco_48_rn50.pth'),
    test_vocabulary=dict(
        type='VocabularyFile', path='data/vocabularies/coco_65_rn50.pth'))
