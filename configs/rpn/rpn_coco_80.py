# python tools/train.py configs/rpn/rpn_coco_80.py
_base_ = [
    '../_base_/proposals/rpn_r50_c4_coco48.py', '../_base_/rpn_training.py',
    '../_base_/rpn_coco-80.py'
]

model = _base_.rpn
model.update(_delete_=True, train_cfg=_base_.rpn_train_cfg)
model.backbone.update(_base_.caffe_r50)
