"""Zero-shot evaluation on COCO: nothing is trained, boxes are not refined.

Variables `zeroshot_gt` and `zeroshot_rpn` are the `test_cfg` of a detector
with annotated boxes and with proposals.
"""
_base_ = ['./datasets/coco_ovd.py', './regionclip_runtime.py']

train_dataloader = None
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')

zeroshot_gt = dict(
    rcnn=dict(
        score_thr=0.001,
        nms=dict(type='nms', iou_threshold=0.5),
        max_per_img=100,
        objectness='none'))
zeroshot_rpn = dict(rcnn=dict(zeroshot_gt['rcnn'], objectness='sqrt_logit'))
