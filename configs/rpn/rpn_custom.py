# python tools/train.py configs/rpn/rpn_custom.py
_base_ = [
    '../_base_/proposals/rpn_r50_fpn_lvis866.py', '../_base_/rpn_training.py',
    '../_base_/datasets/custom.py',  # your paths and classes: edit this one
    '../_base_/schedules/transfer_20k.py'
]

model = _base_.rpn
model.update(_delete_=True, train_cfg=_base_.rpn_train_cfg)
model.backbone.update(_base_.caffe_r50)
optim_wrapper = dict(optimizer=dict(lr=0.02))

val_evaluator = dict(type='CocoMetric', metric='proposal_fast')
test_evaluator = val_evaluator
