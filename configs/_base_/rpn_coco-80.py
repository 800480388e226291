"""Data and schedule of RPNs on COCO with all its 80 classes."""
_base_ = ['./datasets/coco_80.py', './schedules/rpn_90k.py']

train_dataloader = dict(
    batch_size=2,
    num_workers=4,
    sampler=dict(type='InfiniteSampler'),
    dataset=dict(filter_cfg=dict(min_size=0)))
val_evaluator = dict(type='CocoMetric', metric='proposal_fast')
test_evaluator = val_evaluator
