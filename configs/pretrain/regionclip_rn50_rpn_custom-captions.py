# python tools/train.py configs/pretrain/regionclip_rn50_rpn_custom-captions.py
_base_ = [
    '../_base_/models/pretraining.py',
    '../_base_/datasets/custom_captions.py',  # your files: edit this one
    '../_base_/schedules/pretrain_20k.py'
]
load_from = 'checkpoints/clip_rn50_rpn-lvis866_text.pth'

model = _base_.pretrain_rn50
for part in (model, model.teacher):
    part.roi_head.bbox_head.update(
        num_classes=_base_.num_concepts,
        cls_predictor_cfg=dict(
            vocabulary=dict(type='VocabularyFile', path=_base_.pool)))
del part
# There are no boxes to validate with.
model.roi_head.bbox_head.cls_predictor_cfg.pop('test_vocabulary')
val_cfg = test_cfg = None
