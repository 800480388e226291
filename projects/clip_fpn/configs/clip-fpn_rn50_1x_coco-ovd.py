# python tools/train.py projects/clip_fpn/configs/clip-fpn_rn50_1x_coco-ovd.py
"""Faster R-CNN on CLIP's ResNet and an FPN on COCO-OVD: trained on 48 classes, tested on 65."""
_base_ = [
    'mmdet::faster_rcnn/faster-rcnn_r50_fpn_1x_coco.py', '../../_base_/coco_ovd.py'
]
model = dict(
    type='OpenVocabularyFasterRCNN',
    **_base_.encoder,
    data_preprocessor=_base_.clip_preprocessor,
    backbone=dict(
        _delete_=True, type='CLIPResNet', arch='rn50', frozen_stages=1,
        out_indices=(0, 1, 2, 3), init_cfg=dict(
            type='Pretrained', checkpoint='clip://RN50',
            prefix='backbone.')),
    roi_head=dict(bbox_head=dict(
        num_classes=48, reg_class_agnostic=True, cls_predictor_cfg=dict(
            type='ProjectedTextClassifier', **_base_.classes))))
train_dataloader = _base_.ovd_train_dataloader
val_dataloader = _base_.ovd_val_dataloader
test_dataloader = _base_.ovd_val_dataloader
val_evaluator = _base_.ovd_evaluator
test_evaluator = _base_.ovd_evaluator
custom_hooks = _base_.ovd_hooks
