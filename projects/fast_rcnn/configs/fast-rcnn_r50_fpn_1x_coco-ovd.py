# python tools/train.py projects/fast_rcnn/configs/fast-rcnn_r50_fpn_1x_coco-ovd.py
"""Fast R-CNN on COCO-OVD in regions of an RPN of 48 classes, which is trained first (configs/rpn/rpn_coco_48.py)."""
_base_ = [
    'mmdet::_base_/models/fast-rcnn_r50_fpn.py',
    'mmdet::_base_/datasets/coco_detection.py',
    'mmdet::_base_/schedules/schedule_1x.py',
    'mmdet::_base_/default_runtime.py', '../../_base_/coco_ovd.py',
    '../../../configs/_base_/proposals/rpn_r50_c4_coco48.py'
]
model = dict(
    type='OpenVocabularyFastRCNN',
    **_base_.encoder,
    proposal_source=dict(type='RPNProposals', rpn=dict(
        _base_.rpn, init_cfg=dict(
            type='Pretrained',
            checkpoint='work_dirs/rpn_coco_48/iter_90000.pth'))),
    roi_head=dict(bbox_head=dict(
        num_classes=48, reg_class_agnostic=True, cls_predictor_cfg=dict(
            type='ProjectedTextClassifier', **_base_.classes))))
train_dataloader = _base_.ovd_train_dataloader
val_dataloader = _base_.ovd_val_dataloader
test_dataloader = _base_.ovd_val_dataloader
val_evaluator = _base_.ovd_evaluator
test_evaluator = _base_.ovd_evaluator
custom_hooks = _base_.ovd_hooks
