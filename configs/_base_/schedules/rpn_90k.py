"""RPNs in 90,000 steps of 16 images: 8 GPUs with 2 images each.

detectron2's and mmdet's usual schedule; the reference does not say how its
RPNs were trained. With other hardware see docs/transfer.md.
"""
_base_ = './transfer_90k.py'

optim_wrapper = dict(optimizer=dict(lr=0.02))
param_scheduler = _base_.param_scheduler
param_scheduler[0].end = 1000
