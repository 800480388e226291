# python tools/test.py configs/zeroshot/regionclip_rn50_gt_coco-ovd.py \
#     checkpoints/regionclip-cc_rn50.pth
_base_ = [
    '../_base_/models/regionclip_rn50.py',
    '../_base_/zeroshot_coco-ovd.py'
]

model = _base_.rn50
model.update(
    proposal_source=dict(type='GTProposals'),
    test_cfg=_base_.zeroshot_gt)
model.roi_head.bbox_head.cls_predictor_cfg.vocabulary = dict(
    type='VocabularyFile', path='data/vocabularies/coco_65_rn50.pth')

val_dataloader = dict(dataset=dict(pipeline=_base_.pil_gt_pipeline))
test_dataloader = val_dataloader
