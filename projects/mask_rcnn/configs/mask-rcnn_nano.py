# python projects/emoji_world/tools/make_scenes.py
# python projects/mask_rcnn/make_masks.py
# python projects/emoji_world/tools/train.py \
#     projects/mask_rcnn/configs/mask-rcnn_nano.py
"""Mask R-CNN in emoji_world: 40 base classes, by a linear layer."""
_base_ = [
    'mmdet::_base_/models/mask-rcnn_r50_fpn.py', '../../_base_/emoji_world.py'
]

model = dict(
    backbone=_base_.backbone,
    neck=_base_.neck,
    rpn_head=_base_.rpn_head,
    roi_head=dict(
        bbox_roi_extractor=_base_.roi_extractor,
        bbox_head=dict(in_channels=48, fc_out_channels=256, num_classes=40,
                       reg_class_agnostic=True),
        mask_roi_extractor=_base_.roi_extractor,
        mask_head=dict(in_channels=48, num_convs=2, conv_out_channels=48,
                       num_classes=40, class_agnostic=True)),
    train_cfg=dict(rpn_proposal=_base_.rpn_proposal,
                   rcnn=dict(sampler=dict(num=64))),
    test_cfg=dict(rpn=_base_.rpn_proposal, rcnn=dict(score_thr=0.001)))
train_dataloader = dict(dataset=dict(
    ann_file='annotations/rpn_train_base_masks.json',
    pipeline=_base_.train_dataloader.dataset.pipeline))
train_dataloader['dataset']['pipeline'][1].with_mask = True
test_dataloader = dict(dataset=dict(
    ann_file='annotations/eval_coco_masks.json'))
test_evaluator = dict(
    ann_file='data/emoji_world/annotations/eval_coco_masks.json',
    metric=['bbox', 'segm'])
