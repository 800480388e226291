# python tools/train.py projects/dino/configs/dino-4scale_r50_12e_coco-ovd.py
"""DINO on COCO-OVD: trained on 48 classes, tested on 65."""
_base_ = [
    'mmdet::dino/dino-4scale_r50_8xb2-12e_coco.py', '../../_base_/coco_ovd.py'
]
model = dict(
    type='OpenVocabularyDINO',
    **_base_.encoder,
    bbox_head=dict(
        type='TextDINOHead', num_classes=48,
        cls_predictor_cfg=dict(type='SigmoidTextClassifier', **_base_.classes)))
train_dataloader = _base_.ovd_train_dataloader
val_dataloader = _base_.ovd_val_dataloader
test_dataloader = _base_.ovd_val_dataloader
val_evaluator = _base_.ovd_evaluator
test_evaluator = _base_.ovd_evaluator
custom_hooks = _base_.ovd_hooks
