"""Evaluation scenes, annotated with the COCO names."""
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
            # chosen on dev scenes, of 1, 1.25, 1.5 and 1.75
            dict(type='Resize', scale_factor=1.25, keep_ratio=True),
            dict(type='PackDetInputs',
                 meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape',
                            'scale_factor'))
        ]))
test_evaluator = dict(
    type='OrderedOVCocoMetric',
    ann_file='data/emoji_world/annotations/eval_coco.json',
    metric='bbox')
test_cfg = dict(type='TestLoop')
custom_hooks = [dict(type='VocabularyCheckHook')]
