"""Data and schedule of fully supervised COCO: all 80 classes."""
_base_ = ['./datasets/coco_80.py', './schedules/transfer_90k.py']

train_dataloader = dict(
    batch_size=2,
    num_workers=4,
    sampler=dict(type='InfiniteSampler'),
    dataset=dict(filter_cfg=dict(min_size=0)))
