# python projects/emoji_world/tools/make_scenes.py
# python projects/emoji_world/tools/train.py \
#     projects/emoji_world/configs/transfer_nano.py
"""Transfer learning: boxes of the base classes fine-tune the region encoder.

Losses are those of COCO-OVD; objects of other concepts are background, as
there, and no scene shows a novel one. The thresholds of testing are those of
zero-shot detection, with which it is compared.
"""
_base_ = ['_base_/transfer_nano.py', '_base_/eval_scenes.py']
max_iters = 1000

model = _base_.model
model.roi_head.bbox_head.num_classes = 40
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
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, end=50),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=50,
         T_max=max_iters - 50, eta_min=1e-6)
]
train_cfg = dict(type='ResumableIterBasedTrainLoop', max_iters=max_iters)
custom_hooks = [dict(type='VocabularyCheckHook'),
                dict(type='ChannelsLastHook')]
