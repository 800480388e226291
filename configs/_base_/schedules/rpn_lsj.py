"""RPNs with large-scale jitter: 64 images a step, 32 GPUs with 2 each.

The step size, decay and number of images (100 times the 100,000 of LVIS) of
mmdet's `common/lsj-100e_coco-detection.py`, counted in steps. With other
hardware scale the rate (`--auto-scale-lr`) and the steps (docs/transfer.md).
"""
_base_ = './transfer_90k.py'

train_cfg = dict(max_iters=156000, val_interval=52000)
optim_wrapper = dict(optimizer=dict(lr=0.1, weight_decay=0.00004))
param_scheduler = _base_.param_scheduler
param_scheduler[0].update(start_factor=0.067, end=500)
param_scheduler[1].update(end=156000, milestones=[137000, 150000])
auto_scale_lr = dict(base_batch_size=64)
