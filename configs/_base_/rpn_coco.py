"""Data and schedule of RPNs on COCO: boxes of 48 classes, recall of 65."""
_base_ = ['./datasets/coco_ovd.py', './schedules/rpn_90k.py']

train_dataloader = dict(
    batch_size=2,
    num_workers=4,
    sampler=dict(type='InfiniteSampler'),
    dataset=dict(filter_cfg=dict(min_size=0)))
# recall is that of all images of the file
val_dataloader = dict(dataset=dict(filter_cfg=dict(filter_empty_gt=False)))
test_dataloader = val_dataloader
val_evaluator = dict(type='CocoMetric', metric='proposal_fast')
test_evaluator = val_evaluator
