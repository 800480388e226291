# python projects/emoji_world/tools/make_scenes.py
# python projects/emoji_world/tools/train.py \
#     projects/clip_fpn/configs/clip-fpn_nano.py
"""Faster R-CNN on CLIP's ResNet and an FPN: 40 base classes, linear layer."""
_base_ = '../../faster_rcnn/configs/faster-rcnn_nano.py'

model = dict(
    backbone=dict(
        _delete_=True, type='CLIPResNet', arch='nano', out_indices=(1, 2, 3),
        frozen_stages=1, init_cfg=[
            dict(type='Pretrained', checkpoint=_base_.weights, prefix=prefix)
            for prefix in ('backbone.', 'roi_head.shared_head.')
        ]),
    neck=dict(in_channels=[128, 256, 512], norm_cfg=dict(type='BN'),
              init_cfg=dict(_delete_=True, type='Xavier', layer='Conv2d',
                            distribution='uniform')),
    rpn_head=dict(init_cfg=dict(_delete_=True, type='Normal', layer='Conv2d',
                                std=0.01)))
