# python tools/train.py configs/pretrain/regionclip_rn50x4_rpn_coco-captions.py
_base_ = ['../_base_/models/pretraining.py', '../_base_/pretrain_coco-captions.py']
load_from = 'checkpoints/clip_rn50x4_rpn-lvis866_text.pth'

model = _base_.pretrain_rn50x4
pool = dict(
    num_classes=4764,
    cls_predictor_cfg=dict(
        vocabulary=dict(
            type='VocabularyFile',
            path='data/vocabularies/coco_nouns_4764_rn50x4.pth')))
model.roi_head.bbox_head.update(pool)
model.teacher.roi_head.bbox_head.update(pool)
