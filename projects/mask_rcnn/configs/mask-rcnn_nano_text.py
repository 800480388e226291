# python projects/emoji_world/tools/make_scenes.py
# python projects/emoji_world/tools/train.py \
#     projects/mask_rcnn/configs/mask-rcnn_nano_text.py
"""The same, with the words of the base classes for the linear layer."""
_base_ = './mask-rcnn_nano.py'

model = dict(
    type='OpenVocabularyMaskRCNN',
    **_base_.encoder,
    roi_head=dict(bbox_head=dict(cls_predictor_cfg=dict(
        type='ProjectedTextClassifier', temperature=0.024,
        **_base_.classes))))
custom_hooks = [dict(type='VocabularyCheckHook')]
