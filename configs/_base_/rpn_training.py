"""Variables with which the `rpn` of a proposal fragment is trained.

`rpn_train_cfg` is mmdet's; `caffe_r50` gives the backbone ImageNet weights
and trains all of it but the stem and the first stage, as detectron2 does.
"""
_base_ = 'mmdet::_base_/models/rpn_r50-caffe-c4.py'

rpn_train_cfg = _base_.model.train_cfg
caffe_r50 = dict(frozen_stages=1, init_cfg=_base_.model.backbone.init_cfg)
