# python tools/train.py configs/pretrain/regionclip_rn50x4_rpn_cc3m.py
_base_ = ['../_base_/models/pretraining.py', '../_base_/pretrain_cc3m.py']
load_from = 'checkpoints/clip_rn50x4_rpn-lvis866_text.pth'

model = _base_.pretrain_rn50x4
pool = dict(
    num_classes=6250,
    cls_predictor_cfg=dict(
        vocabulary=dict(
            type='VocabularyFile',
            path='data/vocabularies/googlecc_nouns_6250_rn50x4.pth')))
model.roi_head.bbox_head.update(pool)
model.teacher.roi_head.bbox_head.update(pool)
