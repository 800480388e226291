"""Pretraining in 20,000 steps on one GPU, for images and captions of your own.

The rate is that of 96 images a step; it is scaled to the images that there
are, processes x `train_dataloader.batch_size` (`auto_scale_lr`).
"""
_base_ = './pretrain_600k.py'

train_cfg = dict(max_iters=20000, val_interval=2000)
param_scheduler = _base_.param_scheduler
param_scheduler[1].update(end=20000, milestones=[10000, 17500])
auto_scale_lr = dict(enable=True)
default_hooks = dict(
    checkpoint=dict(interval=2000), batch_size=dict(schedule_images=3))
