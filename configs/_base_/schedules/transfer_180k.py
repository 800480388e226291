"""Transfer in 180,000 steps of 16 images; see transfer_90k.py."""
_base_ = './transfer_90k.py'

train_cfg = dict(max_iters=180000, val_interval=60000)
param_scheduler = _base_.param_scheduler
param_scheduler[1].update(end=180000, milestones=[120000, 160000])
