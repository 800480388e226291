# python tools/train.py configs/pretrain/regionclip_rn50_rpn_coco-captions.py
_base_ = ['../_base_/models/pretraining.py', '../_base_/pretrain_coco-captions.py']
load_from = 'checkpoints/clip_rn50_rpn-lvis866_text.pth'

model = _base_.pretrain_rn50
for part in (model, model.teacher):
    part.roi_head.bbox_head.update(_base_.coco_pools.rn50)
del part
