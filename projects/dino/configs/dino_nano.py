# python projects/emoji_world/tools/make_scenes.py
# python projects/emoji_world/tools/train.py \
#     projects/dino/configs/dino_nano.py
"""DINO in emoji_world: 40 base classes, by a linear layer a decoder layer."""
_base_ = '../../_base_/emoji_world.py'

attention = dict(embed_dims=256, num_heads=8, dropout=0.0)
deformable = dict(embed_dims=256, num_levels=2, dropout=0.0)
ffn = dict(embed_dims=256, feedforward_channels=256, ffn_drop=0.0)
model = dict(
    type='DINO',
    num_queries=60,
    with_box_refine=True,
    as_two_stage=True,
    num_feature_levels=2,
    data_preprocessor=_base_.preprocessor,
    backbone=dict(_base_.backbone, out_indices=(2, 3)),
    neck=dict(type='ChannelMapper', in_channels=[64, 128], kernel_size=1,
              out_channels=256, act_cfg=None,
              norm_cfg=dict(type='GN', num_groups=32), num_outs=2),
    encoder=dict(num_layers=1, layer_cfg=dict(
        self_attn_cfg=deformable, ffn_cfg=ffn)),
    decoder=dict(
        num_layers=2, return_intermediate=True, post_norm_cfg=None,
        layer_cfg=dict(self_attn_cfg=attention, cross_attn_cfg=deformable,
                       ffn_cfg=ffn)),
    positional_encoding=dict(num_feats=128, normalize=True, temperature=20),
    bbox_head=dict(type='DINOHead', num_classes=40, loss_cls=dict(
        type='FocalLoss', use_sigmoid=True)),
    dn_cfg=dict(label_noise_scale=0.5, box_noise_scale=1.0, group_cfg=dict(
        dynamic=True, num_groups=None, num_dn_queries=20)),
    train_cfg=dict(assigner=dict(type='HungarianAssigner', match_costs=[
        dict(type='FocalLossCost', weight=2.0),
        dict(type='BBoxL1Cost', weight=5.0, box_format='xywh'),
        dict(type='IoUCost', iou_mode='giou', weight=2.0)])),
    # mmdet takes so many of num_queries * classes: also with one word
    test_cfg=dict(max_per_img=60))
