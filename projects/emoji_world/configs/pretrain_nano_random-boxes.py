# python tools/label_regions.py \
#     projects/emoji_world/configs/pretrain_nano_random-boxes.py \
#     data/emoji_world/labels/random.json
"""Regions anywhere instead of the RPN's: an ablation, for labelling alone.

The student that learns from them keeps its RPN for evaluation, which makes it
one of pretrain_nano.py.
"""
_base_ = './pretrain_nano.py'

model = dict(
    proposal_source=dict(_delete_=True, type='RandomProposals', num=16))
