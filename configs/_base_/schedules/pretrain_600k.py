"""Pretraining in 600,000 steps of 96 images: 32 GPUs with 3 each.

The rate, its drops and the decay are the reference's; the gradient of each
parameter tensor is clipped by itself. With other hardware `--auto-scale-lr`
multiplies the rate by (images per step / 96), not the number of steps.
"""
_base_ = './transfer_90k.py'

train_cfg = dict(max_iters=600000, val_interval=50000)
optim_wrapper = dict(
    constructor='ClipEachConstructor', clip_grad=dict(max_norm=5.0))
param_scheduler = _base_.param_scheduler
param_scheduler[0].end = 1000
param_scheduler[1].update(end=600000, milestones=[300000, 525000])
auto_scale_lr = dict(base_batch_size=96)
