# python projects/emoji_world/tools/train.py \
#     projects/emoji_world/configs/pretrain_nano.py
"""Region-text pretraining of CLIP-nano on scenes with captions.

Neither boxes nor names are given: the RPN has seen boxes of base classes, the
pool was parsed from the captions (README: the commands before this one).
"""
_base_ = [
    '_base_/regionclip_nano.py', '_base_/rpn_nano.py',
    '_base_/eval_scenes.py', '_base_/captioned_scenes.py',
    '_base_/pretrain_runtime.py'
]

# Above _base_, mmengine takes the file for one of another kind.
import copy  # noqa: E402

max_iters = 500
load_from = _base_.clip_weights
pool = 'data/emoji_world/concepts/all.pth'

model = _base_.nano
classifier = model.roi_head.bbox_head.cls_predictor_cfg
names = dict(classifier.vocabulary)
classifier.pop('vocabulary')
classifier.vocabulary = dict(type='VocabularyFile', path=pool)
model.roi_head.bbox_head.num_classes = 468
teacher = copy.deepcopy(model)
teacher.update(
    type='CropTeacher',
    crop_size=112,
    context=1.1,
    proposal_source=dict(type='WholeImageProposals'),
    text_encoder=None,
    init_cfg=dict(type='Pretrained', checkpoint=_base_.clip_weights))
classifier.test_vocabulary = names
model.update(
    type='RegionTextPretrainer',
    teacher=teacher,
    num_regions=12,
    concept_thr=0.4,
    loss_img_txt=dict(type='ImageTextContrastiveLoss', loss_weight=0.3),
    proposal_source=dict(type='RPNProposals', rpn=_base_.rpn))
model.proposal_source.rpn.test_cfg.rpn.update(
    max_per_img=16, nms=dict(type='nms', iou_threshold=0.5))
model.test_cfg.rcnn.objectness = 'sqrt_prob'

param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, end=20),
    dict(
        type='CosineAnnealingLR',
        by_epoch=False,
        begin=20,
        T_max=max_iters - 20,
        eta_min=1e-6)
]
train_cfg = dict(type='ResumableIterBasedTrainLoop', max_iters=max_iters)
custom_hooks = [dict(type='VocabularyCheckHook'),
                dict(type='ChannelsLastHook')]
