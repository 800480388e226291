# python tools/train.py configs/rpn/rpn_lvis_866_lsj.py
_base_ = [
    '../_base_/proposals/rpn_r50_fpn_lvis866_lsj.py',
    '../_base_/rpn_training.py', '../_base_/rpn_lvis_lsj.py'
]

sync_bn = dict(type='SyncBN', requires_grad=True)
model = _base_.rpn
model.update(_delete_=True, train_cfg=_base_.rpn_train_cfg)
model.backbone.update(
    _base_.caffe_r50, frozen_stages=-1, norm_cfg=sync_bn, norm_eval=False)
model.neck.norm_cfg = sync_bn
