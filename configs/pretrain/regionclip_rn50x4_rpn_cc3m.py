# python tools/train.py configs/pretrain/regionclip_rn50x4_rpn_cc3m.py
_base_ = ['../_base_/models/pretraining.py', '../_base_/pretrain_cc3m.py']
load_from = 'checkpoints/clip_rn50x4_rpn-lvis866_text.pth'

model = _base_.pretrain_rn50x4
for part in (model, model.teacher):
    part.roi_head.bbox_head.update(_base_.cc3m_pools.rn50x4)
del part
