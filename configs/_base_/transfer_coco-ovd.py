"""Data and schedule of transfer to COCO: 48 base classes, tested on 65."""
_base_ = ['./datasets/coco_ovd.py', './schedules/transfer_90k.py']

train_dataloader = dict(
    batch_size=2,
    num_workers=4,
    sampler=dict(type='InfiniteSampler'),
    dataset=dict(filter_cfg=dict(min_size=0)))
