"""Transfer in 90,000 steps of 16 images: 8 GPUs with 2 images each.

With other hardware `--auto-scale-lr` multiplies the learning rate by (images
per step / 16), not the number of steps (docs/transfer.md). Gradients are not
clipped. Reference: lr 0.002, weight decay 1e-4 on all parameters, warmup over
5000 steps, drops at 60k and 80k.
"""
_base_ = './resumable_runtime.py'

train_cfg = dict(
    type='ResumableIterBasedTrainLoop',
    max_iters=90000,
    val_interval=30000)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')

optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.002, momentum=0.9, weight_decay=0.0001))
param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=0.001,
        by_epoch=False,
        begin=0,
        end=5000),
    dict(
        type='MultiStepLR',
        begin=0,
        end=90000,
        by_epoch=False,
        milestones=[60000, 80000],
        gamma=0.1)
]
auto_scale_lr = dict(enable=False, base_batch_size=16)

default_hooks = dict(
    checkpoint=dict(by_epoch=False, interval=5000, max_keep_ckpts=2))
log_processor = dict(by_epoch=False)
