"""Pretraining on COCO's captions, with zero-shot validation on COCO."""
_base_ = [
    './datasets/coco_captions.py', './datasets/coco_ovd.py',
    './schedules/pretrain_96k.py'
]

train_dataloader = dict(_delete_=True, **_base_.coco_captions)
