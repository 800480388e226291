# python tools/train.py configs/pretrain/regionclip_rn50_rpn_cc3m_x4-teacher.py
_base_ = [
    '../_base_/models/regionclip_rn50x4.py',
    '../_base_/models/pretraining.py',
    '../_base_/pretrain_cc3m.py'
]
load_from = 'checkpoints/clip_rn50_rpn-lvis866_text.pth'
taught_by = 'checkpoints/clip_rn50x4_rpn-lvis866_text.pth'

model, teacher = _base_.rn50, _base_.rn50x4
for part in (model, teacher):
    part.roi_head.bbox_head.num_classes = 6250
    path = f'data/vocabularies/googlecc_nouns_6250_{part.backbone.arch}.pth'
    part.roi_head.bbox_head.cls_predictor_cfg.vocabulary = dict(
        type='VocabularyFile', path=path)
teacher.update(
    _base_.teacher, init_cfg=dict(type='Pretrained', checkpoint=taught_by))
model.update(
    _base_.student,
    teacher=teacher,
    text_encoder=dict(type='CLIPTextEncoder', arch='rn50'))
model.roi_head.bbox_head.cls_predictor_cfg.test_vocabulary = dict(
    type='VocabularyFile', path='data/vocabularies/coco_65_rn50.pth')
