"""R50-FPN region proposals trained with large-scale jitter (LSJ).

Norms in the neck and two convolutions in the head; trained on the 866 LVIS
base classes, released file rpn_lvis_866_lsj.pth. SyncBN and BN share their
keys and are the same in eval mode, the only mode an offline RPN runs in.
"""
_base_ = './rpn_r50_fpn_lvis866.py'

rpn = dict(
    neck=dict(norm_cfg=dict(type='BN', requires_grad=False)),
    rpn_head=dict(num_convs=2))
