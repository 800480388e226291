# python projects/emoji_world/tools/make_scenes.py
# python tools/test.py projects/emoji_world/configs/regionclip_nano_gt.py \
#     projects/emoji_world/weights/regionclip_nano.pth
"""Zero-shot recognition of annotated boxes."""
_base_ = ['_base_/regionclip_nano.py', '_base_/eval_scenes.py']

model = _base_.nano
model.update(proposal_source=dict(type='GTProposals'))
