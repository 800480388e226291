"""Heads and thresholds of transfer to COCO (`coco_*`), for a RegionCLIP.

A leaf updates `roi_head.bbox_head` with `coco_bbox_head` and takes
`coco_train_cfg` and `coco_test_cfg`. Boxes are refined, once for all classes;
every sampled region is an object from an IoU of 0.5, background below.
`offset_soft_nms` rounds as the reference does, for its numbers; with classes
of your own take `soft_nms`, which is exact.
"""
coco_bbox_head = dict(
    with_reg=True,
    num_classes=48,
    bbox_coder=dict(
        type='GrowthLimitedBoxCoder',
        target_means=[0.0] * 4,
        target_stds=[0.1, 0.1, 0.2, 0.2]),
    loss_cls=dict(
        type='FocalScaledCrossEntropy', gamma=0.5, bg_weight=0.2),
    loss_bbox=dict(type='L1Loss'))
coco_train_cfg = dict(
    rcnn=dict(
        assigner=dict(
            type='MaxIoUAssigner',
            pos_iou_thr=0.5,
            neg_iou_thr=0.5,
            min_pos_iou=0.5,
            match_low_quality=False,
            ignore_iof_thr=-1),
        sampler=dict(
            type='RandomSampler',
            num=512,
            pos_fraction=0.25,
            neg_pos_ub=-1,
            add_gt_as_proposals=True),
        pos_weight=-1,
        debug=False))
coco_test_cfg = dict(
    rcnn=dict(
        score_thr=0.001,
        nms=dict(
            type='offset_soft_nms',
            method='gaussian',
            sigma=0.5,
            min_score=0.001),
        max_per_img=100,
        objectness='none'))
