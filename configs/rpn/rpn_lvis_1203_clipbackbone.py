# python tools/train.py configs/rpn/rpn_lvis_1203_clipbackbone.py
_base_ = [
    '../_base_/proposals/rpn_clip-rn50_fpn_lvis1203.py', '../_base_/rpn_training.py',
    '../_base_/rpn_lvis.py'
]

model = _base_.rpn
model.update(_delete_=True, train_cfg=_base_.rpn_train_cfg)
model.backbone.update(
    frozen_stages=1,
    init_cfg=dict(
        type='Pretrained',
        checkpoint='checkpoints/clip_rn50.pth',
        prefix='backbone.'))

train_dataloader = dict(dataset=dict(split='all'))
