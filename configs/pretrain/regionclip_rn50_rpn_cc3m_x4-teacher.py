# python tools/train.py configs/pretrain/regionclip_rn50_rpn_cc3m_x4-teacher.py
_base_ = './regionclip_rn50_rpn_cc3m.py'

model = _base_.model
model.teacher = _base_.pretrain_rn50x4.teacher
model.teacher.roi_head.bbox_head.update(
    num_classes=6250,
    cls_predictor_cfg=dict(
        vocabulary=dict(
            type='VocabularyFile',
            path='data/vocabularies/googlecc_nouns_6250_rn50x4.pth')))
model.update(_delete_=True)
