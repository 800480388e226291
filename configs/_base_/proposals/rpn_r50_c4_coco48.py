"""R50-C4 region proposals, as trained on the 48 COCO base classes.

Released files rpn_coco_*.pth. `scale_major=False` puts the 15 anchors of a
cell in the order of the released channels: sizes outer, ratios inner. Images
are not padded, other than in mmdet's C4 base configs.
"""
_base_ = './rpn_r50.py'

rpn = dict(
    data_preprocessor=dict(pad_size_divisor=1),
    backbone=dict(
        num_stages=3,
        strides=(1, 2, 2),
        dilations=(1, 1, 1),
        out_indices=(2, ),
        frozen_stages=3),
    neck=None,
    rpn_head=dict(
        in_channels=1024,
        feat_channels=1024,
        anchor_generator=dict(
            scales=[2, 4, 8, 16, 32], strides=[16], scale_major=False)),
    test_cfg=dict(rpn=dict(nms_pre=6000)))
