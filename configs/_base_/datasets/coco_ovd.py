"""COCO: trained on 48 base classes, tested on these and 17 novel ones.

Also reads mmdet's instances_{train2017_seen,val2017_all}_2.json and the
original instances_{train,val}2017.json: change `ann_file`, nothing else.
"""
_base_ = ['mmdet::_base_/datasets/coco_detection.py', './pil_pipelines.py']

train_dataloader = dict(
    dataset=dict(
        type='OVCocoDataset',
        split='base',
        ann_file='annotations/ovd_ins_train2017_b.json',
        pipeline=_base_.pil_train_pipeline))
val_dataloader = dict(
    dataset=dict(
        type='OVCocoDataset',
        ann_file='annotations/ovd_ins_val2017_all.json',
        filter_cfg=dict(filter_empty_gt=True),
        pipeline=_base_.pil_test_pipeline))
test_dataloader = val_dataloader

val_evaluator = dict(
    type='OrderedOVCocoMetric',
    ann_file=_base_.data_root + 'annotations/ovd_ins_val2017_all.json')
test_evaluator = val_evaluator
