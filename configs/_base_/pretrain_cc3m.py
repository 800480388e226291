"""Pretraining on CC3M's shards, with zero-shot validation on COCO.

Without COCO: `--cfg-options val_cfg=None val_dataloader=None
val_evaluator=None`.
"""
_base_ = [
    './datasets/cc3m_shards.py', './datasets/coco_ovd.py',
    './schedules/pretrain_600k.py'
]

train_dataloader = dict(_delete_=True, **_base_.cc3m_shards)
