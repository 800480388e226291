"""Variable `rpn`: a small class-agnostic RPN (0.8 M parameters)."""
rpn = dict(
    type='RPN',
    data_preprocessor=dict(
        type='DetDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        pad_size_divisor=32),
    backbone=dict(
        type='ResNet', depth=18, stem_channels=16, base_channels=16,
        out_indices=(1, 2, 3), frozen_stages=-1, norm_eval=False,
        norm_cfg=dict(type='BN', requires_grad=True)),
    neck=dict(type='FPN', in_channels=[32, 64, 128], out_channels=48,
              num_outs=3),
    rpn_head=dict(
        type='RPNHead',
        in_channels=48,
        feat_channels=48,
        anchor_generator=dict(
            type='AnchorGenerator', scales=[5, 7], ratios=[0.5, 1.0, 2.0],
            strides=[8, 16, 32]),
        bbox_coder=dict(
            type='DeltaXYWHBBoxCoder', target_means=[0.0] * 4,
            target_stds=[0.1, 0.1, 0.2, 0.2]),
        loss_cls=dict(type='CrossEntropyLoss', use_sigmoid=True),
        loss_bbox=dict(type='L1Loss')),
    train_cfg=dict(
        rpn=dict(
            # objects of novel and other concepts are not background
            assigner=dict(
                type='MaxIoUAssigner', pos_iou_thr=0.6, neg_iou_thr=0.3,
                min_pos_iou=0.3, match_low_quality=True, ignore_iof_thr=0.5),
            sampler=dict(
                type='RandomSampler', num=128, pos_fraction=0.5,
                neg_pos_ub=-1, add_gt_as_proposals=False),
            allowed_border=-1,
            pos_weight=-1)),
    test_cfg=dict(
        rpn=dict(nms_pre=300, max_per_img=100,
                 nms=dict(type='nms', iou_threshold=0.7), min_bbox_size=0)))
