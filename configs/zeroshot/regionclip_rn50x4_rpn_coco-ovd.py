# python tools/test.py configs/zeroshot/regionclip_rn50x4_rpn_coco-ovd.py \
#     checkpoints/regionclip-cc_rn50x4_rpn-lvis866.pth
_base_ = [
    '../_base_/models/regionclip_rn50x4.py',
    '../_base_/proposals/rpn_r50_fpn_lvis866.py',
    '../_base_/zeroshot_coco-ovd.py'
]

model = _base_.rn50x4
model.update(
    proposal_source=dict(type='RPNProposals', rpn=_base_.rpn),
    test_cfg=_base_.zeroshot_rpn)
model.proposal_source.rpn.test_cfg.rpn.nms.iou_threshold = 0.9
model.roi_head.bbox_head.cls_predictor_cfg.vocabulary = dict(
    type='VocabularyFile', path='data/vocabularies/coco_65_rn50x4.pth')
