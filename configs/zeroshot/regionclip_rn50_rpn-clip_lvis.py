# python tools/test.py configs/zeroshot/regionclip_rn50_rpn-clip_lvis.py \
#     checkpoints/regionclip-cc_rn50_rpn-clip-lvis1203.pth
_base_ = [
    '../_base_/models/regionclip_rn50.py',
    '../_base_/proposals/rpn_clip-rn50_fpn_lvis1203.py',
    '../_base_/zeroshot_lvis.py'
]

# This RPN was trained with boxes of all classes, the rare ones too: only the
# recognition is zero-shot.
model = _base_.rn50
model.update(
    proposal_source=dict(type='RPNProposals', rpn=_base_.rpn),
    test_cfg=_base_.zeroshot_rpn)
model.proposal_source.rpn.test_cfg.rpn.nms.iou_threshold = 0.9
model.roi_head.bbox_head.num_classes = 1203
model.roi_head.bbox_head.cls_predictor_cfg.vocabulary = dict(
    type='VocabularyFile', path='data/vocabularies/lvis_1203_rn50.pth')
