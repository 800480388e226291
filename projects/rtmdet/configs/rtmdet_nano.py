# python projects/emoji_world/tools/make_scenes.py
# python projects/emoji_world/tools/train.py \
#     projects/rtmdet/configs/rtmdet_nano.py
"""RTMDet's head in emoji_world: 40 base classes, by a convolution a level."""
_base_ = '../../_base_/emoji_world.py'

model = dict(
    type='RTMDet',
    data_preprocessor=_base_.preprocessor,
    backbone=_base_.backbone,
    neck=_base_.neck,
    bbox_head=dict(
        type='RTMDetSepBNHead',
        num_classes=40,
        in_channels=48,
        stacked_convs=2,
        feat_channels=64,
        anchor_generator=dict(
            type='MlvlPointGenerator', offset=0, strides=[8, 16, 32]),
        bbox_coder=dict(type='DistancePointBBoxCoder'),
        loss_cls=dict(type='QualityFocalLoss', use_sigmoid=True, beta=2.0),
        loss_bbox=dict(type='GIoULoss', loss_weight=2.0),
        with_objectness=False,
        exp_on_reg=True),
    train_cfg=dict(assigner=dict(type='DynamicSoftLabelAssigner', topk=13),
                   allowed_border=-1, pos_weight=-1),
    test_cfg=dict(nms_pre=300, min_bbox_size=0, score_thr=0.001,
                  nms=dict(type='nms', iou_threshold=0.5), max_per_img=100))
