"""R50-FPN region proposals, as trained on the 866 LVIS base classes.

Images are padded to a multiple of 32. Used by zero-shot detection and by
pretraining; released file rpn_lvis_866.pth.
"""
_base_ = './rpn_r50.py'

rpn = dict(
    data_preprocessor=dict(pad_size_divisor=32),
    backbone=dict(num_stages=4, out_indices=(0, 1, 2, 3), frozen_stages=4),
    neck=dict(
        type='FPN',
        in_channels=[256, 512, 1024, 2048],
        out_channels=256,
        num_outs=5),
    rpn_head=dict(
        in_channels=256,
        feat_channels=256,
        anchor_generator=dict(scales=[8], strides=[4, 8, 16, 32, 64])),
    test_cfg=dict(rpn=dict(nms_pre=1000)))
