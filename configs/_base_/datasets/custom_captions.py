"""Your own images with captions: the one file to edit (docs/pretraining.md).

`train_dataloader` is one of `pairs`, of a jsonl file or COCO captions, and
`shards`, of WebDataset tars, of which there must be at least `num_workers` for
each process.
"""
_base_ = './pair_pipeline.py'

data_root = 'data/mine/'
ann_file, images = 'pairs.jsonl', 'images/'  # or COCO captions, .json
image_key, caption_key = 'image', 'caption'  # of a line of the jsonl
tars = '*.tar'
# The pool, embedded, and its size: tools/build_vocabulary.py prints it.
pool, num_concepts = 'data/vocabularies/mine_rn50.pth', 812

pairs = dict(
    batch_size=3,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler'),
    dataset=dict(
        type='ImageTextPairs',
        data_root=data_root,
        ann_file=ann_file,
        data_prefix=dict(img=images),
        image_key=image_key,
        caption_key=caption_key,
        pipeline=_base_.pair_pipeline))
shards = dict(
    batch_size=3,
    num_workers=4,
    persistent_workers=True,
    sampler=None,
    dataset=dict(
        type='ImageTextShards',
        data_root=data_root,
        shards=tars,
        pipeline=_base_.pair_pipeline))
train_dataloader = pairs  # or shards
