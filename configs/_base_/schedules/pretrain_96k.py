"""Pretraining in 96,000 steps of 24 images: one machine, 8 GPUs with 3 each.

These are 19.5 passes over COCO's 118,287 images. The reference's 600,000 steps
of 96 are 17.5 over CC3M as published, 3.3 million pairs, and more over what
can still be downloaded. Rate and drops are scaled. Not the reference's: it
trained at one pace only.
"""
_base_ = './pretrain_600k.py'

train_cfg = dict(max_iters=96000, val_interval=16000)
optim_wrapper = dict(optimizer=dict(lr=0.0005))
param_scheduler = _base_.param_scheduler
param_scheduler[1].update(end=96000, milestones=[48000, 84000])
auto_scale_lr = dict(base_batch_size=24)
