# The smallest RegionCLIP, as a user writes it who has the wheel alone.
_base_ = './custom_data.py'

model = dict(
    type='RegionCLIP',
    data_preprocessor=dict(
        type='DetDataPreprocessor',
        mean=[122.77, 116.75, 104.09],
        std=[68.5, 66.63, 70.32],
        bgr_to_rgb=True),
    backbone=dict(type='CLIPResNet', arch='nano', out_indices=(2, )),
    proposal_source=dict(type='GridProposals'),
    roi_head=dict(
        type='RegionRoIHead',
        bbox_roi_extractor=dict(
            type='RegionRoIExtractor',
            roi_layer=dict(
                type='RoIAlign', output_size=8, sampling_ratio=0,
                aligned=True),
            out_channels=256,
            featmap_strides=[16]),
        shared_head=dict(type='CLIPResLayer', arch='nano'),
        bbox_head=dict(
            type='RegionBBoxHead',
            region_pool=dict(type='AttentionPool2d', arch='nano'),
            with_reg=True,
            reg_class_agnostic=True,
            num_classes=len(_base_.classes),
            loss_cls=dict(type='CrossEntropyLoss'),
            loss_bbox=dict(type='L1Loss'),
            cls_predictor_cfg=dict(
                type='TextEmbeddingClassifier',
                vocabulary=dict(
                    type='VocabularyFile', path='data/vocabularies/mine.pth'),
                temperature=0.1))),
    train_cfg=dict(
        rcnn=dict(
            assigner=dict(
                type='MaxIoUAssigner',
                pos_iou_thr=0.5,
                neg_iou_thr=0.5,
                min_pos_iou=0.5,
                match_low_quality=False),
            sampler=dict(
                type='RandomSampler',
                num=32,
                pos_fraction=0.5,
                add_gt_as_proposals=True),
            pos_weight=-1,
            debug=False)),
    test_cfg=dict(
        rcnn=dict(
            score_thr=0.001,
            nms=dict(type='nms', iou_threshold=0.5),
            max_per_img=20,
            objectness='none')))
