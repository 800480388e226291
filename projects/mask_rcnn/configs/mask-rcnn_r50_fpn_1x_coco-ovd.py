# python tools/train.py projects/mask_rcnn/configs/mask-rcnn_r50_fpn_1x_coco-ovd.py
"""Mask R-CNN on COCO-OVD: trained on 48 classes, tested on 65."""
_base_ = [
    'mmdet::mask_rcnn/mask-rcnn_r50_fpn_1x_coco.py', '../../_base_/coco_ovd.py'
]
model = dict(
    type='OpenVocabularyMaskRCNN',
    **_base_.encoder,
    roi_head=dict(bbox_head=dict(
        num_classes=48, reg_class_agnostic=True, cls_predictor_cfg=dict(
            type='ProjectedTextClassifier', **_base_.classes)),
        mask_head=dict(num_classes=48, class_agnostic=True)))
train_dataloader = _base_.ovd_train_dataloader
val_dataloader = _base_.ovd_val_dataloader
test_dataloader = _base_.ovd_val_dataloader
val_evaluator = _base_.ovd_evaluator
test_evaluator = _base_.ovd_evaluator
custom_hooks = _base_.ovd_hooks
