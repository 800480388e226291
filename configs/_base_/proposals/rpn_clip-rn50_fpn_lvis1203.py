"""Region proposals of an FPN on CLIP's RN50, trained on all 1203 LVIS classes.

The rest is as in rpn_r50_fpn_lvis866.py, but its pixels are CLIP's (RGB, mean
and deviation). Released file rpn_lvis_1203_clipbackbone.pth, of which we have
seen the original's config mask_rcnn_CLIP_R_50_FPN_1x.yaml, not the weights.
"""
_base_ = './rpn_r50_fpn_lvis866.py'

rpn = dict(
    data_preprocessor=dict(
        # times 255, as in ../models/regionclip_rn50.py
        mean=[122.7709383, 116.7460125, 104.09373615],
        std=[68.5005327, 66.6321579, 70.32316305],
        bgr_to_rgb=True),
    backbone=dict(
        _delete_=True,
        type='CLIPResNet',
        arch='rn50',
        out_indices=(0, 1, 2, 3),
        frozen_stages=4))
