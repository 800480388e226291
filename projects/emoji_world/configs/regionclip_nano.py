# python projects/emoji_world/tools/make_scenes.py
# python tools/test.py projects/emoji_world/configs/regionclip_nano.py \
#     projects/emoji_world/weights/regionclip_nano.pth
"""Zero-shot detection with the boxes of the offline RPN."""
_base_ = [
    '_base_/regionclip_nano.py', '_base_/rpn_nano.py', '_base_/eval_scenes.py'
]

model = _base_.nano
model.update(proposal_source=dict(type='RPNProposals', rpn=_base_.rpn))
model.test_cfg.rcnn.objectness = 'sqrt_prob'
