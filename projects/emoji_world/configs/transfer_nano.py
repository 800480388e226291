# python projects/emoji_world/tools/make_scenes.py
# python projects/emoji_world/tools/train.py \
#     projects/emoji_world/configs/transfer_nano.py
"""Transfer learning: boxes of the base classes fine-tune the region encoder.

Losses are those of COCO-OVD; objects of other concepts are background, as
there, and no scene shows a novel one. The thresholds of testing are those of
zero-shot detection, with which it is compared.
"""
_base_ = [
    '_base_/regionclip_nano.py', '_base_/rpn_nano.py',
    '_base_/eval_scenes.py', '../../../configs/_base_/models/transfer_coco.py'
]
max_iters = 1000
load_from = _base_.weights

model = _base_.nano
model.update(
    proposal_source=dict(type='RPNProposals', rpn=_base_.rpn),
    train_cfg=_base_.coco_train_cfg)
model.train_cfg.rcnn.sampler.update(num=32, pos_fraction=0.5)
model.test_cfg.rcnn.objectness = 'sqrt_prob'
model.roi_head.bbox_head.update(_base_.coco_bbox_head, num_classes=40)
classifier = model.roi_head.bbox_head.cls_predictor_cfg
classifier.update(
    test_vocabulary=dict(classifier.vocabulary),  # update() merges in place
    vocabulary=dict(classifier.vocabulary, roles=('base', )))

train_dataloader = dict(
    batch_size=8,
    num_workers=0,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type='EmojiCocoDataset',
        split='base',
        data_root='data/emoji_world/',
        ann_file='annotations/rpn_train_base.json',
        data_prefix=dict(img='images/'),
        filter_cfg=dict(filter_empty_gt=True),
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='LoadAnnotations', with_bbox=True),
            dict(type='RandomResize', scale=[(288, 288), (416, 416)],
                 keep_ratio=True),
            dict(type='RandomFlip', prob=0.5),
            dict(type='PackDetInputs')
        ]))
# The logit of background is 0, while those of all words are well above it at
# first, so that embeddings must leave the mean direction of all words. A bias
# can do that without harm to what the regions tell apart, if it is quick
# enough; else the other weights do.
optim_wrapper = dict(
    optimizer=dict(type='AdamW', lr=6e-4, weight_decay=0.05),
    paramwise_cfg=dict(custom_keys={
        'backbone': dict(lr_mult=0.1),
        'c_proj.bias': dict(lr_mult=100.0, decay_mult=0.0)
    }))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, end=50),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=50,
         T_max=max_iters - 50, eta_min=1e-6)
]
train_cfg = dict(type='ResumableIterBasedTrainLoop', max_iters=max_iters)
custom_hooks = [dict(type='VocabularyCheckHook'),
                dict(type='ChannelsLastHook')]
default_hooks = dict(
    resume_state=dict(type='ResumeStateHook'),
    invalid_loss=dict(type='InvalidLossHook'),
    logger=dict(type='LoggerHook', interval=20),
    checkpoint=dict(type='AtomicCheckpointHook', by_epoch=False, interval=200,
                    max_keep_ckpts=1))
