# python tools/train.py configs/pretrain/regionclip_rn50x4_rpn_coco-captions.py
_base_ = [
    '../_base_/models/regionclip_rn50x4.py',
    '../_base_/models/pretraining.py',
    '../_base_/pretrain_coco-captions.py'
]

# Above _base_, mmengine takes the file for one of another kind.
import copy  # noqa: E402

load_from = 'checkpoints/clip_rn50x4_rpn-lvis866_text.pth'
words = 'data/vocabularies/coco_nouns_4764_rn50x4.pth'

model = _base_.rn50x4
model.roi_head.bbox_head.num_classes = 4764
classifier = model.roi_head.bbox_head.cls_predictor_cfg
classifier.vocabulary = dict(type='VocabularyFile', path=words)
model.teacher = copy.deepcopy(model)
model.teacher.update(
    _base_.teacher, init_cfg=dict(type='Pretrained', checkpoint=load_from))
model.update(
    _base_.student, text_encoder=dict(type='CLIPTextEncoder', arch='rn50x4'))
classifier.test_vocabulary = dict(
    type='VocabularyFile', path='data/vocabularies/coco_65_rn50x4.pth')
