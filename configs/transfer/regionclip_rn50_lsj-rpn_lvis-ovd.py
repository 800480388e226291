# python tools/train.py configs/transfer/regionclip_rn50_lsj-rpn_lvis-ovd.py
_base_ = [
    '../_base_/models/regionclip_rn50.py',
    '../_base_/models/transfer_lvis.py',
    '../_base_/proposals/rpn_r50_fpn_lvis866_lsj.py',
    '../_base_/transfer_lvis-ovd.py'
]
load_from = 'checkpoints/regionclip-cc_rn50_rpn-lvis866-lsj.pth'

model = _base_.rn50
model.update(
    proposal_source=dict(type='RPNProposals', rpn=_base_.rpn),
    train_cfg=_base_.lvis_train_cfg,
    test_cfg=_base_.lvis_test_cfg)
model.roi_head.bbox_head.update(_base_.lvis_bbox_head)
model.roi_head.mask_head = _base_.lvis_mask_head
model.roi_head.bbox_head.cls_predictor_cfg.update(
    vocabulary=dict(
        type='VocabularyFile', path='data/vocabularies/lvis_866_rn50.pth'),
    test_vocabulary=dict(
        type='VocabularyFile', path='data/vocabularies/lvis_1203_rn50.pth'))
