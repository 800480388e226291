# python tools/train.py configs/pretrain/regionclip_rn50_rpn_cc3m_x4-teacher.py
_base_ = './regionclip_rn50_rpn_cc3m.py'

model = _base_.model
model.teacher = _base_.pretrain_rn50x4.teacher
model.teacher.roi_head.bbox_head.update(_base_.cc3m_pools.rn50x4)
model.update(_delete_=True)  # else the other teacher is merged in
