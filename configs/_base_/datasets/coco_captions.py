"""Variable `coco_captions`: a loader of COCO's images with their captions.

In a leaf, `train_dataloader = dict(_delete_=True, **_base_.coco_captions)`.
For a jsonl file, change `ann_file` and `data_prefix` of the dataset.
"""
_base_ = './pair_pipeline.py'

coco_captions = dict(
    batch_size=3,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler'),
    dataset=dict(
        type='ImageTextPairs',
        data_root='data/coco/',
        ann_file='annotations/captions_train2017.json',
        data_prefix=dict(img='train2017/'),
        pipeline=_base_.pair_pipeline))
