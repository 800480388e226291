# python projects/emoji_world/tools/make_scenes.py
# python projects/emoji_world/tools/train.py \
#     projects/atss/configs/atss_nano.py
"""ATSS in emoji_world: 40 base classes, by a convolution."""
_base_ = '../../_base_/emoji_world.py'

model = dict(
    type='ATSS',
    data_preprocessor=_base_.preprocessor,
    backbone=_base_.backbone,
    neck=_base_.neck,
    bbox_head=dict(
        type='ATSSHead',
        num_classes=40,
        in_channels=48,
        stacked_convs=2,
        feat_channels=64,
        norm_cfg=dict(type='GN', num_groups=16, requires_grad=True),
        anchor_generator=dict(
            type='AnchorGenerator', ratios=[1.0], octave_base_scale=6,
            scales_per_octave=1, strides=[8, 16, 32]),
        loss_cls=dict(type='FocalLoss', use_sigmoid=True),
        loss_bbox=dict(type='GIoULoss', loss_weight=2.0)),
    train_cfg=dict(assigner=dict(type='ATSSAssigner', topk=9),
                   allowed_border=-1, pos_weight=-1),
    test_cfg=dict(nms_pre=300, min_bbox_size=0, score_thr=0.001,
                  nms=dict(type='nms', iou_threshold=0.5), max_per_img=100))
