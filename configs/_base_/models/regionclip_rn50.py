"""Variable `rn50`: RegionCLIP with CLIP's RN50, without its proposal source.

A leaf gives it `proposal_source`, `test_cfg` and a vocabulary. Boxes are those
of the proposals (`with_reg=False`), as in zero-shot detection.
"""
rn50 = dict(
    type='RegionCLIP',
    data_preprocessor=dict(
        type='DetDataPreprocessor',
        # CLIP's mean and deviation, times 255
        mean=[122.7709383, 116.7460125, 104.09373615],
        std=[68.5005327, 66.6321579, 70.32316305],
        bgr_to_rgb=True,
        pad_size_divisor=1),
    backbone=dict(
        type='CLIPResNet', arch='rn50', out_indices=(2, ), frozen_stages=1),
    roi_head=dict(
        type='RegionRoIHead',
        bbox_roi_extractor=dict(
            type='RegionRoIExtractor',
            roi_layer=dict(
                type='RoIAlign',
                output_size=14,
                sampling_ratio=0,
                aligned=True),
            out_channels=1024,
            featmap_strides=[16]),
        shared_head=dict(type='CLIPResLayer', arch='rn50'),
        bbox_head=dict(
            type='RegionBBoxHead',
            region_pool=dict(type='AttentionPool2d', arch='rn50'),
            with_reg=False,
            reg_class_agnostic=True,
            num_classes=65,
            cls_predictor_cfg=dict(
                type='TextEmbeddingClassifier',
                vocabulary=None,
                temperature=0.01))))
