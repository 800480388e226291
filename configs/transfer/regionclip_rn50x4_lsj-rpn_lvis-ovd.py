# python tools/train.py configs/transfer/regionclip_rn50x4_lsj-rpn_lvis-ovd.py
_base_ = [
    '../_base_/models/regionclip_rn50x4.py',
    '../_base_/models/transfer_lvis.py',
    '../_base_/proposals/rpn_r50_fpn_lvis866_lsj.py',
    '../_base_/transfer_lvis-ovd.py'
]
load_from = 'checkpoints/regionclip-cc_rn50x4_rpn-lvis866-lsj.pth'

model = _base_.rn50x4
model.update(
    proposal_source=dict(type='RPNProposals', rpn=_base_.rpn),
    train_cfg=_base_.lvis_train_cfg,
    test_cfg=_base_.lvis_test_cfg)
model.roi_head.bbox_head.update(_base_.lvis_bbox_head)
model.roi_head.mask_head = _base_.lvis_mask_head
model.roi_head.mask_head.in_channels = 2560
model.train_cfg.rcnn.mask_size = 18
model.roi_head.bbox_head.cls_predictor_cfg.update(
    vocabulary=dict(
        type='VocabularyFile', path='data/vocabularies/lvis_866_rn50x4.pth'),
    test_vocabulary=dict(
        type='VocabularyFile', path='data/vocabularies/lvis_1203_rn50x4.pth'))
