# python projects/emoji_world/tools/make_scenes.py
# python projects/emoji_world/tools/train.py \
#     projects/dino/configs/dino_nano_text.py
"""The same, with words for every query."""
_base_ = './dino_nano.py'

model = dict(
    type='OpenVocabularyDINO',
    **_base_.encoder,
    bbox_head=dict(
        type='TextDINOHead',
        cls_predictor_cfg=dict(type='SigmoidTextClassifier',
                               **_base_.classes)))
custom_hooks = [dict(type='VocabularyCheckHook')]
