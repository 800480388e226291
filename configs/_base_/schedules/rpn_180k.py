"""RPNs in 180,000 steps of 16 images, detectron2's schedule for LVIS; see
rpn_90k.py."""
_base_ = './transfer_180k.py'

optim_wrapper = dict(optimizer=dict(lr=0.02))
param_scheduler = _base_.param_scheduler
param_scheduler[0].end = 1000
