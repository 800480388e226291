"""emoji_world for detectors of mmdet: data, schedule, words and weights.

Detectors begin with the backbone and neck of the world's RPN, where others
begin with ImageNet's.
"""
custom_imports = dict(imports=[
    'regionclip_mm.models', 'regionclip_mm.datasets',
    'regionclip_mm.evaluation', 'regionclip_mm.engine',
    'projects.emoji_world.emoji_world'
])
default_scope = 'mmdet'
env_cfg = dict(cudnn_benchmark=False,
               mp_cfg=dict(mp_start_method='fork', opencv_num_threads=1),
               dist_cfg=dict(backend='gloo'))
randomness = dict(seed=0)
log_processor = dict(by_epoch=False)
max_iters = 250
weights = 'projects/emoji_world/weights/regionclip_nano.pth'
preprocessor = dict(
    type='DetDataPreprocessor',
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    bgr_to_rgb=True,
    pad_size_divisor=32)
backbone = dict(
    type='ResNet', depth=18, stem_channels=16, base_channels=16,
    out_indices=(1, 2, 3), frozen_stages=-1, norm_eval=False,
    norm_cfg=dict(type='BN', requires_grad=True),
    init_cfg=dict(type='Pretrained', checkpoint=weights,
                  prefix='proposal_source.rpn.backbone.'))
neck = dict(
    type='FPN', in_channels=[32, 64, 128], out_channels=48, num_outs=3,
    init_cfg=dict(type='Pretrained', checkpoint=weights,
                  prefix='proposal_source.rpn.neck.'))

templates = ['{}', 'a photo of a {}', 'a picture of a {}.', 'a {}']
rpn_head = dict(
    in_channels=48,
    feat_channels=48,
    anchor_generator=dict(scales=[5, 7], strides=[8, 16, 32]),
    bbox_coder=dict(target_stds=[0.1, 0.1, 0.2, 0.2]),
    init_cfg=dict(type='Pretrained', checkpoint=weights,
                  prefix='proposal_source.rpn.bbox_head.'))
rpn_proposal = dict(nms_pre=300, max_per_img=100)
roi_extractor = dict(out_channels=48, featmap_strides=[8, 16, 32])
words = dict(
    type='EmojiVocabulary',
    text_encoder=dict(type='CLIPTextEncoder', arch='nano', checkpoint=weights),
    templates=templates)
# both vocabularies of a text classifier; CLIP-nano's size
classes = dict(
    vocabulary=dict(words, roles=('base', )),
    test_vocabulary=dict(words, roles=('base', 'novel')),
    embed_dim=128)
# of a detector that takes other words
encoder = dict(
    text_encoder=dict(type='CLIPTextEncoder', arch='nano', checkpoint=weights),
    prompt_templates=templates)

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
test_dataloader = dict(
    batch_size=1,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='EmojiCocoDataset',
        data_root='data/emoji_world/',
        ann_file='annotations/eval_coco.json',
        data_prefix=dict(img='images/'),
        test_mode=True,
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='LoadAnnotations', with_bbox=True),
            dict(type='Resize', scale_factor=1.25, keep_ratio=True),
            dict(type='PackDetInputs',
                 meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape',
                            'scale_factor'))
        ]))
test_cfg = dict(type='TestLoop')
test_evaluator = dict(
    type='OrderedOVCocoMetric',
    ann_file='data/emoji_world/annotations/eval_coco.json',
    metric='bbox')
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.05),
    clip_grad=dict(max_norm=5.0))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, end=50),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=50,
         T_max=max_iters - 50, eta_min=1e-6)
]
train_cfg = dict(type='ResumableIterBasedTrainLoop', max_iters=max_iters)
default_hooks = dict(
    resume_state=dict(type='ResumeStateHook'),
    invalid_loss=dict(type='InvalidLossHook'),
    logger=dict(type='LoggerHook', interval=20),
    checkpoint=dict(type='AtomicCheckpointHook', by_epoch=False, interval=100,
                    max_keep_ckpts=1))
