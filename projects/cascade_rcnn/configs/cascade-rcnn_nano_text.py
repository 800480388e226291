# python projects/emoji_world/tools/make_scenes.py
# python projects/emoji_world/tools/train.py \
#     projects/cascade_rcnn/configs/cascade-rcnn_nano_text.py
"""The same, with the words of the base classes at each stage."""
_base_ = './cascade-rcnn_nano.py'

classifier = dict(type='ProjectedTextClassifier', temperature=0.024,
                  **_base_.classes)
model = dict(type='OpenVocabularyCascadeRCNN', **_base_.encoder)
model['roi_head'] = dict(bbox_head=[
    dict(stage, cls_predictor_cfg=classifier)
    for stage in _base_.model.roi_head.bbox_head])
custom_hooks = [dict(type='VocabularyCheckHook')]
