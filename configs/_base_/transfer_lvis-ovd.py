"""Data and schedule of transfer to LVIS v1 with masks: 866 of 1203 classes."""
_base_ = ['./datasets/lvis_ovd_rfs.py', './schedules/transfer_180k.py']

pipeline = _base_.pil_train_pipeline
pipeline[1].update(with_mask=True)
train_dataloader = dict(dataset=dict(pipeline=pipeline))
val_evaluator = dict(metric=['bbox', 'segm'])
test_evaluator = val_evaluator
