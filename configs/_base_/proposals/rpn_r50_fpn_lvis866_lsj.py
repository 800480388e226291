"""R50-FPN region proposal network with live batch norm in backbone and neck and two convolutions in the head,
as trained with large-scale jitter on the 866 LVIS base classes; released file rpn_lvis_866_lsj.pth.

SyncBN and BN are the same at inference and share their keys; the network is only ever run in eval mode.
"""
_base_ = './rpn_r50_fpn_lvis866.py'

rpn = dict(
    neck=dict(norm_cfg=dict(type='BN', requires_grad=False)),
    rpn_head=dict(num_convs=2))
