# python projects/emoji_world/tools/make_scenes.py
# python projects/emoji_world/tools/train.py \
#     projects/emoji_world/configs/transfer_nano.py
"""Transfer learning: boxes of the base classes fine-tune the region encoder.

Regions on objects of other concepts are left out of the losses, as they are
in the training of the RPN (see the README).
"""
_base_ = [
    '_base_/regionclip_nano.py', '_base_/rpn_nano.py',
    '../../../configs/_base_/models/transfer_coco.py'
]
max_iters = 800
load_from = _base_.weights

model = _base_.nano
model.update(
    proposal_source=dict(type='RPNProposals', rpn=_base_.rpn),
    train_cfg=_base_.coco_train_cfg,
    test_cfg=_base_.coco_test_cfg)
model.train_cfg.rcnn.assigner.ignore_iof_thr = 0.5
model.train_cfg.rcnn.sampler.num = 64
model.roi_head.bbox_head.update(_base_.coco_bbox_head, num_classes=40)
classifier = model.roi_head.bbox_head.cls_predictor_cfg
classifier.update(
    test_vocabulary=classifier.vocabulary,
    vocabulary=dict(classifier.vocabulary, roles=('base', )))

train_dataloader = dict(
    batch_size=8,
    num_workers=0,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type='EmojiCocoDataset',
        split='base',
        data_root='data/emoji_world/',
        ann_file='annotations/rpn_train_transfer.json',
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
optim_wrapper = dict(
    optimizer=dict(type='AdamW', lr=2e-4, weight_decay=0.05))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, end=50),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=50,
         T_max=max_iters - 50, eta_min=1e-6)
]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=max_iters)
custom_hooks = [dict(type='VocabularyCheckHook'),
                dict(type='ChannelsLastHook')]
default_hooks = dict(
    logger=dict(type='LoggerHook', interval=20),
    checkpoint=dict(type='CheckpointHook', by_epoch=False, interval=200,
                    max_keep_ckpts=1))
