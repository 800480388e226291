# python tools/test.py configs/zeroshot/regionclip_rn50x4_gt_lvis.py \
#     checkpoints/regionclip-cc_rn50x4.pth
_base_ = [
    '../_base_/models/regionclip_rn50x4.py',
    '../_base_/zeroshot_lvis.py'
]

model = _base_.rn50x4
model.update(
    proposal_source=dict(type='GTProposals'),
    test_cfg=_base_.zeroshot_gt)
model.roi_head.bbox_head.num_classes = 1203
model.roi_head.bbox_head.cls_predictor_cfg.vocabulary = dict(
    type='VocabularyFile', path='data/vocabularies/lvis_1203_rn50x4.pth')

val_dataloader = dict(dataset=dict(pipeline=_base_.pil_gt_pipeline))
test_dataloader = val_dataloader
