# python projects/emoji_world/tools/train.py \
#     projects/emoji_world/configs/transfer_nano_custom.py
"""Your own data with CLIP-nano, on a CPU: a rehearsal of docs/transfer.md.

Paths and class names are those of configs/_base_/datasets/custom.py.
"""
_base_ = [
    '_base_/regionclip_nano.py', '_base_/rpn_nano.py',
    '../../../configs/_base_/models/transfer_coco.py',
    '../../../configs/_base_/datasets/custom.py'  # edit this one
]
max_iters = 300
load_from = _base_.weights

model = _base_.nano
model.update(
    proposal_source=dict(type='RPNProposals', rpn=_base_.rpn),
    train_cfg=_base_.coco_train_cfg)
model.train_cfg.rcnn.sampler.update(num=32, pos_fraction=0.5)
model.roi_head.bbox_head.update(
    _base_.coco_bbox_head, num_classes=len(_base_.train_classes))
classifier = model.roi_head.bbox_head.cls_predictor_cfg
words = dict(
    type='PromptedVocabulary',
    text_encoder=classifier.vocabulary.text_encoder,
    templates=_base_.templates)
classifier.vocabulary = dict(words, names=_base_.train_classes)
classifier.test_vocabulary = dict(words, names=_base_.test_classes)

train_dataloader = _base_.train_dataloader
for step in train_dataloader.dataset.pipeline:
    if step.type == 'RandomChoiceResize':
        step.scales = [(640, side) for side in (288, 320, 352, 384)]
test_dataloader = _base_.test_dataloader
for step in test_dataloader.dataset.pipeline:
    if step.type == 'ResizeShortestEdge':
        step.scale = 320
val_dataloader = test_dataloader

optim_wrapper = dict(
    optimizer=dict(type='AdamW', lr=3e-4, weight_decay=0.05),
    paramwise_cfg=dict(custom_keys={
        'backbone': dict(lr_mult=0.1),
        'c_proj.bias': dict(lr_mult=100.0, decay_mult=0.0)
    }))
param_scheduler = [dict(type='LinearLR', start_factor=0.01, by_epoch=False,
                        end=50)]
train_cfg = dict(type='ResumableIterBasedTrainLoop', max_iters=max_iters,
                 val_interval=max_iters)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
custom_hooks = [dict(type='VocabularyCheckHook'),
                dict(type='ChannelsLastHook')]
default_hooks = dict(
    resume_state=dict(type='ResumeStateHook'),
    invalid_loss=dict(type='InvalidLossHook'),
    logger=dict(type='LoggerHook', interval=10),
    checkpoint=dict(type='AtomicCheckpointHook', by_epoch=False, interval=100,
                    max_keep_ckpts=1))
