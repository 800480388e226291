"""COCO-OVD's losses and heads on RegionCLIP-nano, with its RPN; no classes
yet."""
_base_ = [
    './regionclip_nano.py', './rpn_nano.py',
    '../../../../configs/_base_/models/transfer_coco.py'
]
load_from = _base_.weights

model = _base_.nano
model.update(
    proposal_source=dict(type='RPNProposals', rpn=_base_.rpn),
    train_cfg=_base_.coco_train_cfg)
model.train_cfg.rcnn.sampler.update(num=32, pos_fraction=0.5)
model.test_cfg.rcnn.objectness = 'sqrt_prob'
model.roi_head.bbox_head.update(_base_.coco_bbox_head)

# The logit of background is 0, while those of all words are well above it at
# first, so that embeddings must leave the mean direction of all words. A bias
# can do that without harm to what the regions tell apart, if it is quick
# enough; else the other weights do.
optim_wrapper = dict(
    optimizer=dict(type='AdamW', lr=6e-4, weight_decay=0.05),
    paramwise_cfg=dict(custom_keys={
        'backbone': dict(lr_mult=0.1),
        'c_proj.bias': dict(lr_mult=100.0, decay_mult=0.0)
    }))
default_hooks = dict(
    resume_state=dict(type='ResumeStateHook'),
    invalid_loss=dict(type='InvalidLossHook'),
    logger=dict(type='LoggerHook', interval=20),
    checkpoint=dict(type='AtomicCheckpointHook', by_epoch=False, interval=200,
                    max_keep_ckpts=1),
    missed_validation=dict(type='MissedValidationHook'))
