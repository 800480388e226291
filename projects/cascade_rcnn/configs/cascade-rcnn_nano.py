# python projects/emoji_world/tools/make_scenes.py
# python projects/emoji_world/tools/train.py \
#     projects/cascade_rcnn/configs/cascade-rcnn_nano.py
"""Cascade R-CNN in emoji_world: 40 base classes, by a linear layer a stage."""
_base_ = [
    'mmdet::_base_/models/cascade-rcnn_r50_fpn.py',
    '../../_base_/emoji_world.py'
]

model = dict(
    backbone=_base_.backbone,
    neck=_base_.neck,
    rpn_head=_base_.rpn_head,
    roi_head=dict(bbox_roi_extractor=_base_.roi_extractor),
    train_cfg=dict(rpn_proposal=_base_.rpn_proposal),
    test_cfg=dict(rpn=_base_.rpn_proposal, rcnn=dict(score_thr=0.001)))
model['roi_head']['bbox_head'] = [
    dict(stage, in_channels=48, fc_out_channels=256, num_classes=40)
    for stage in _base_.model.roi_head.bbox_head]
model['train_cfg']['rcnn'] = [
    dict(stage, sampler=dict(stage['sampler'], num=64))
    for stage in _base_.model.train_cfg.rcnn]
