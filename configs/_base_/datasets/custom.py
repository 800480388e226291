"""Your own data in COCO format: the one file to edit (docs/transfer.md).

`train_classes` have boxes in the training file, `test_classes`, which may be
others, in the validation file. Names are those of the categories in the
files, whose order and ids do not matter. Other categories are left out.
"""
_base_ = './pil_pipelines.py'

# Above _base_, mmengine takes the file for one of another kind.
import os.path as osp  # noqa: E402

data_root = 'data/custom/'
train_ann, train_images = 'annotations/train.json', 'train/'
val_ann, val_images = 'annotations/val.json', 'val/'
train_classes = ('cat', 'dog')
test_classes = ('cat', 'dog', 'traffic cone')

train_dataloader = dict(
    batch_size=2,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler'),
    batch_sampler=dict(type='AspectRatioBatchSampler'),
    dataset=dict(
        type='OVCocoDataset',
        metainfo=dict(
            classes=train_classes,
            base_classes=train_classes,
            novel_classes=()),
        data_root=data_root,
        ann_file=train_ann,
        data_prefix=dict(img=train_images),
        filter_cfg=dict(filter_empty_gt=True),
        pipeline=_base_.pil_train_pipeline))
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='OVCocoDataset',
        metainfo=dict(
            classes=test_classes,
            base_classes=tuple(n for n in test_classes if n in train_classes),
            novel_classes=tuple(
                n for n in test_classes if n not in train_classes)),
        data_root=data_root,
        ann_file=val_ann,
        data_prefix=dict(img=val_images),
        test_mode=True,
        pipeline=_base_.pil_test_pipeline))
test_dataloader = val_dataloader

val_evaluator = dict(
    type='OrderedOVCocoMetric',
    ann_file=osp.join(data_root, val_ann),
    metric='bbox')
test_evaluator = val_evaluator
