# python projects/emoji_world/tools/make_scenes.py
# python projects/emoji_world/tools/train.py \
#     projects/faster_rcnn/configs/faster-rcnn_nano.py
"""Faster R-CNN in emoji_world: 40 base classes, by a linear layer."""
_base_ = [
    'mmdet::_base_/models/faster-rcnn_r50_fpn.py', '../../_base_/emoji_world.py'
]

model = dict(
    backbone=_base_.backbone,
    neck=_base_.neck,
    rpn_head=_base_.rpn_head,
    roi_head=dict(
        bbox_roi_extractor=_base_.roi_extractor,
        bbox_head=dict(in_channels=48, fc_out_channels=256, num_classes=40,
                       reg_class_agnostic=True)),
    train_cfg=dict(rpn_proposal=_base_.rpn_proposal,
                   rcnn=dict(sampler=dict(num=64))),
    test_cfg=dict(rpn=_base_.rpn_proposal, rcnn=dict(score_thr=0.001)))
