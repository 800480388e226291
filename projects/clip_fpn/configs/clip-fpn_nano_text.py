# python projects/emoji_world/tools/make_scenes.py
# python projects/emoji_world/tools/train.py \
#     projects/clip_fpn/configs/clip-fpn_nano_text.py
"""The same, with the words of the base classes for the linear layer."""
_base_ = './clip-fpn_nano.py'

model = dict(
    type='OpenVocabularyFasterRCNN',
    **_base_.encoder,
    roi_head=dict(bbox_head=dict(cls_predictor_cfg=dict(
        type='ProjectedTextClassifier', temperature=0.024,
        **_base_.classes))))
custom_hooks = [dict(type='VocabularyCheckHook')]
