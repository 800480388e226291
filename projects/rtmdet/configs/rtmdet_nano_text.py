# python projects/emoji_world/tools/make_scenes.py
# python projects/emoji_world/tools/train.py \
#     projects/rtmdet/configs/rtmdet_nano_text.py
"""The same, with words at every place of the map."""
_base_ = './rtmdet_nano.py'

model = dict(
    type='OpenVocabularyRTMDet',
    **_base_.encoder,
    bbox_head=dict(
        type='TextRTMDetSepBNHead',
        cls_predictor_cfg=dict(type='ConvTextClassifier', **_base_.classes)))
custom_hooks = [dict(type='VocabularyCheckHook')]
