# python tools/train.py projects/rtmdet/configs/rtmdet_l_coco-ovd.py
"""RTMDet on COCO-OVD: trained on 48 classes, tested on 65."""
_base_ = [
    'mmdet::rtmdet/rtmdet_l_8xb32-300e_coco.py', '../../_base_/coco_ovd.py'
]
model = dict(
    type='OpenVocabularyRTMDet',
    **_base_.encoder,
    bbox_head=dict(
        type='TextRTMDetSepBNHead', num_classes=48,
        cls_predictor_cfg=dict(type='ConvTextClassifier', **_base_.classes)))
train_dataloader = _base_.ovd_train_dataloader
val_dataloader = _base_.ovd_val_dataloader
test_dataloader = _base_.ovd_val_dataloader
val_evaluator = _base_.ovd_evaluator
test_evaluator = _base_.ovd_evaluator
custom_hooks = [*_base_.custom_hooks, *_base_.ovd_hooks]
