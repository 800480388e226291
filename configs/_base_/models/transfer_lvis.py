"""Heads and thresholds of transfer to LVIS (`lvis_*`); see transfer_coco.py.

Masks are of no class. They are read from the map of layer4, so that
`lvis_mask_head.in_channels` is 32 times the width of the CLIP ResNet, and
their side, `lvis_train_cfg.rcnn.mask_size`, that of the RoIAlign output: the
values here are those of RN50, RN50x4 has 2560 and 18.
"""
_base_ = './transfer_coco.py'

lvis_bbox_head = dict(
    _base_.coco_bbox_head,
    num_classes=866,
    loss_cls=dict(type='BackgroundWeightedCrossEntropy', bg_weight=0.8))
lvis_mask_head = dict(
    type='RegionMaskHead',
    num_convs=0,
    in_channels=2048,
    conv_out_channels=256,
    num_classes=866,
    class_agnostic=True,
    loss_mask=dict(type='CrossEntropyLoss', use_mask=True))
lvis_train_cfg = dict(rcnn=dict(_base_.coco_train_cfg.rcnn, mask_size=14))
lvis_test_cfg = dict(
    rcnn=dict(
        score_thr=0.02,
        nms=dict(
            type='offset_soft_nms',
            method='gaussian',
            sigma=0.5,
            min_score=0.001),
        max_per_img=300,
        objectness='sqrt_logit',
        mask_thr_binary=0.5))
