# python tools/train.py projects/cascade_rcnn/configs/cascade-rcnn_r50_fpn_1x_coco-ovd.py
"""Cascade R-CNN on COCO-OVD: trained on 48 classes, tested on 65."""
_base_ = [
    'mmdet::cascade_rcnn/cascade-rcnn_r50_fpn_1x_coco.py', '../../_base_/coco_ovd.py'
]
classifier = dict(type='ProjectedTextClassifier', **_base_.classes)
model = dict(type='OpenVocabularyCascadeRCNN', **_base_.encoder)
model['roi_head'] = dict(bbox_head=[
    dict(stage, num_classes=48, cls_predictor_cfg=classifier)
    for stage in _base_.model.roi_head.bbox_head])
train_dataloader = _base_.ovd_train_dataloader
val_dataloader = _base_.ovd_val_dataloader
test_dataloader = _base_.ovd_val_dataloader
val_evaluator = _base_.ovd_evaluator
test_evaluator = _base_.ovd_evaluator
custom_hooks = _base_.ovd_hooks
