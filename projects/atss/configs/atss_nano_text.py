# python projects/emoji_world/tools/make_scenes.py
# python projects/emoji_world/tools/train.py \
#     projects/atss/configs/atss_nano_text.py
"""The same, with words at every place of the map."""
_base_ = './atss_nano.py'

model = dict(
    type='OpenVocabularyATSS',
    **_base_.encoder,
    bbox_head=dict(
        type='TextATSSHead',
        cls_predictor_cfg=dict(type='ConvTextClassifier', **_base_.classes)))
custom_hooks = [dict(type='VocabularyCheckHook')]
