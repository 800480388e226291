# python projects/emoji_world/tools/make_scenes.py
# python projects/emoji_world/tools/train.py \
#     projects/emoji_world/configs/rpn_nano.py
"""The offline RPN, trained on boxes of base classes only."""
_base_ = ['_base_/runtime.py', '_base_/rpn_nano.py']
max_iters = 1800

model = _base_.rpn
train_dataloader = dict(
    batch_size=16,
    num_workers=0,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type='EmojiProposalDataset',
        data_root='data/emoji_world/',
        ann_file='annotations/rpn_train_rpn.json',
        data_prefix=dict(img='images/'),
        filter_cfg=dict(filter_empty_gt=True),
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='LoadAnnotations', with_bbox=True),
            dict(type='RandomResize', scale=[(256, 256), (480, 480)],
                 keep_ratio=True),
            dict(type='RandomFlip', prob=0.5),
            dict(type='PackDetInputs')
        ]))
optim_wrapper = dict(
    type='CPUAmpOptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.05),
    clip_grad=dict(max_norm=5.0))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, end=100),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=100,
         T_max=max_iters - 100, eta_min=1e-5)
]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=max_iters)
custom_hooks = [dict(type='ChannelsLastHook')]
default_hooks = dict(
    logger=dict(type='LoggerHook', interval=50),
    checkpoint=dict(type='CheckpointHook', by_epoch=False, interval=250,
                    max_keep_ckpts=2))
