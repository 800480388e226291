"""Data and schedule of transfer to LVIS v1 with masks: 866 of 1203 classes."""
_base_ = ['./datasets/lvis_ovd_rfs.py', './schedules/transfer_180k.py']

pipeline = _base_.pil_train_pipeline
# Polygons are drawn at the size of the mask, inside each box, as detectron2.
pipeline[1].update(with_mask=True, poly2mask=False)
train_dataloader = dict(dataset=dict(pipeline=pipeline))
val_evaluator = dict(metric=['bbox', 'segm'])
test_evaluator = val_evaluator
