"""Zero-shot evaluation on LVIS v1; see zeroshot_coco-ovd.py."""
_base_ = ['./datasets/lvis_ovd.py', './regionclip_runtime.py']

train_dataloader = None
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')

zeroshot_gt = dict(
    rcnn=dict(
        score_thr=0.0001,
        nms=dict(type='nms', iou_threshold=0.5),
        max_per_img=300,
        objectness='none'))
zeroshot_rpn = dict(
    rcnn=dict(
        zeroshot_gt['rcnn'], score_thr=0.02, objectness='sqrt_logit'))
