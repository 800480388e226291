"""LVIS v1 for training: 866 classes, rare ones of them shown more often.

The repeat factors are rounded anew in each pass (`RepeatFactorSampler`); mmdet's
`ClassBalancedDataset` would round them up.
"""
_base_ = './lvis_ovd.py'

train_dataloader = dict(
    batch_size=2,
    num_workers=4,
    sampler=dict(_delete_=True, type='RepeatFactorSampler', threshold=0.001),
    dataset=dict(_delete_=True, **_base_.train_dataloader.dataset.dataset))
train_dataloader['dataset']['filter_cfg'].min_size = 0
