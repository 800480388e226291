# python projects/emoji_world/tools/train.py \
#     projects/emoji_world/configs/clip_nano.py
"""CLIP from scratch on image-caption pairs of the emoji world."""
_base_ = ['_base_/runtime.py']
max_iters = 6200

model = dict(
    type='CLIP',
    data_preprocessor=dict(
        type='ImgDataPreprocessor',
        mean=[122.7709383, 116.7460125, 104.09373615],
        std=[68.5005327, 66.6321579, 70.32316305],
        bgr_to_rgb=True),
    backbone=dict(type='CLIPResNet', arch='nano', out_indices=(3, ),
                  frozen_stages=-1, norm_eval=False),
    attnpool=dict(type='AttentionPool2d', arch='nano'),
    text_encoder=dict(type='CLIPTextEncoder', arch='nano', frozen=False))

train_dataloader = dict(
    batch_size=128,
    num_workers=0,
    sampler=dict(type='InfiniteSampler', shuffle=False),
    collate_fn=dict(type='pseudo_collate'),
    dataset=dict(type='EmojiCaptionDataset', split='pairs_train'))

optim_wrapper = dict(
    type='CPUAmpOptimWrapper',
    optimizer=dict(type='AdamW', lr=1.5e-3, betas=(0.9, 0.98), eps=1e-6,
                   weight_decay=0.05),
    clip_grad=dict(max_norm=1.0),
    paramwise_cfg=dict(norm_decay_mult=0., bias_decay_mult=0.,
                       custom_keys=dict(logit_scale=dict(decay_mult=0.))))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, end=300),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=300, T_max=5900,
         eta_min=1e-5)
]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=max_iters)
default_hooks = dict(
    logger=dict(type='LoggerHook', interval=50),
    checkpoint=dict(type='CheckpointHook', by_epoch=False, interval=400,
                    max_keep_ckpts=2))
