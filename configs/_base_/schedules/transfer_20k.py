"""Transfer in 20,000 steps on one GPU, for data of your own.

The rates are those of 16 images a step; they are scaled to the images that
there are, processes x `train_dataloader.batch_size` (`auto_scale_lr`).
"""
_base_ = './transfer_90k.py'

train_cfg = dict(max_iters=20000, val_interval=2000)
param_scheduler = _base_.param_scheduler
param_scheduler[0].end = 1000
param_scheduler[1].update(end=20000, milestones=[14000, 18000])
auto_scale_lr = dict(enable=True)
default_hooks = dict(
    checkpoint=dict(interval=2000), batch_size=dict(schedule_images=2))
