# python tools/test.py configs/transfer/regionclip_rn50x4_c4-rpn_coco-ovd-novel.py \
#     checkpoints/regionclip-coco_rn50x4_rpn-coco48.pth
_base_ = './regionclip_rn50x4_c4-rpn_coco-ovd.py'

# Tested with the names and boxes of the 17 novel classes alone.
ann_file = 'annotations/ovd_ins_val2017_t.json'
val_dataloader = dict(dataset=dict(split='novel', ann_file=ann_file))
test_dataloader = val_dataloader
val_evaluator = dict(ann_file=_base_.data_root + ann_file)
test_evaluator = val_evaluator

classifier = dict(
    test_vocabulary=dict(path='data/vocabularies/coco_17_rn50x4.pth'))
model = dict(roi_head=dict(bbox_head=dict(cls_predictor_cfg=classifier)))
