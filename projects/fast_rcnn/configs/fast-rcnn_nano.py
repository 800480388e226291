# python projects/emoji_world/tools/make_scenes.py
# python projects/emoji_world/tools/train.py \
#     projects/fast_rcnn/configs/fast-rcnn_nano.py
"""Fast R-CNN in regions of a frozen RPN: 40 base classes, by a linear layer."""
_base_ = [
    'mmdet::_base_/models/fast-rcnn_r50_fpn.py', '../../_base_/emoji_world.py',
    '../../emoji_world/configs/_base_/rpn_nano.py'
]

model = dict(
    type='SourcedFastRCNN',
    proposal_source=dict(type='RPNProposals', rpn=dict(
        _base_.rpn, init_cfg=dict(
            type='Pretrained', checkpoint=_base_.weights,
            prefix='proposal_source.rpn.'))),
    backbone=_base_.backbone,
    neck=_base_.neck,
    roi_head=dict(
        bbox_roi_extractor=_base_.roi_extractor,
        bbox_head=dict(in_channels=48, fc_out_channels=256, num_classes=40,
                       reg_class_agnostic=True)),
    train_cfg=dict(rcnn=dict(sampler=dict(num=64))),
    test_cfg=dict(rcnn=dict(score_thr=0.001)))
