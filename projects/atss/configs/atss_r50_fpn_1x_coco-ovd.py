# python tools/train.py projects/atss/configs/atss_r50_fpn_1x_coco-ovd.py
"""ATSS on COCO-OVD: trained on 48 classes, tested on 65."""
_base_ = [
    'mmdet::atss/atss_r50_fpn_1x_coco.py', '../../_base_/coco_ovd.py'
]
model = dict(
    type='OpenVocabularyATSS',
    **_base_.encoder,
    bbox_head=dict(
        type='TextATSSHead', num_classes=48,
        cls_predictor_cfg=dict(type='ConvTextClassifier', **_base_.classes)))
train_dataloader = _base_.ovd_train_dataloader
val_dataloader = _base_.ovd_val_dataloader
test_dataloader = _base_.ovd_val_dataloader
val_evaluator = _base_.ovd_evaluator
test_evaluator = _base_.ovd_evaluator
custom_hooks = _base_.ovd_hooks
