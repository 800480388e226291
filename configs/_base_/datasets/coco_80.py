"""COCO with all its 80 classes.

The order of the classes is that of the dataset's `metainfo`, not of the file.
The metric also reports the AP of the 48 base and 17 novel classes among them.
"""
_base_ = './coco_ovd.py'

from mmdet import datasets  # noqa: E402 (above _base_, mmengine takes the file for another kind)

train_dataloader = dict(
    dataset=dict(
        split='all',
        metainfo=dict(classes=datasets.CocoDataset.METAINFO['classes']),
        ann_file='annotations/instances_train2017.json'))
val_dataloader = dict(
    dataset=dict(
        metainfo=dict(classes=datasets.CocoDataset.METAINFO['classes']),
        ann_file='annotations/instances_val2017.json',
        filter_cfg=dict(filter_empty_gt=False)))
test_dataloader = val_dataloader

val_evaluator = dict(
    ann_file=_base_.data_root + 'annotations/instances_val2017.json')
test_evaluator = val_evaluator
