"""Scenes with captions; `label_pipeline` is that of label_regions.py."""
train_dataloader = dict(
    batch_size=16,
    num_workers=0,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type='ImageTextPairs',
        data_root='data/emoji_world/',
        ann_file='annotations/captions_train_captions.json',
        data_prefix=dict(img='images/'),
        pipeline=[
            dict(type='LoadEncodedImage'),
            dict(type='RandomCaption'),
            dict(type='RandomResize', scale=[(266, 266), (448, 448)],
                 keep_ratio=True),
            dict(type='RandomFlip', prob=0.5),
            dict(type='PackDetInputs',
                 meta_keys=('img_id', 'img_path', 'text', 'ori_shape',
                            'img_shape', 'scale_factor', 'flip'))
        ]))
label_pipeline = [
    dict(type='LoadEncodedImage'),
    # sharper, for the teacher enlarges it once more
    dict(type='Resize', scale_factor=1.25, keep_ratio=True,
         interpolation='bicubic'),
    dict(type='PackDetInputs')
]
