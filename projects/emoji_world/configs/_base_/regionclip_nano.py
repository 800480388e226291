"""Variable `nano`: CLIP-nano as a region encoder, without proposal source."""
_base_ = ['./runtime.py']
weights = 'projects/emoji_world/weights/regionclip_nano.pth'
templates = ['{}', 'a photo of a {}', 'a picture of a {}.', 'a {}']

nano = dict(
    type='RegionCLIP',
    data_preprocessor=dict(
        type='DetDataPreprocessor',
        mean=[122.7709383, 116.7460125, 104.09373615],
        std=[68.5005327, 66.6321579, 70.32316305],
        bgr_to_rgb=True,
        pad_size_divisor=1),
    backbone=dict(type='CLIPResNet', arch='nano', out_indices=(2, )),
    roi_head=dict(
        type='RegionRoIHead',
        bbox_roi_extractor=dict(
            type='SingleRoIExtractor',
            roi_layer=dict(type='RoIAlign', output_size=8, sampling_ratio=0,
                           aligned=True),
            out_channels=256,
            featmap_strides=[16]),
        shared_head=dict(type='CLIPResLayer', arch='nano'),
        bbox_head=dict(
            type='RegionBBoxHead',
            region_pool=dict(type='AttentionPool2d', arch='nano'),
            with_reg=False,
            reg_class_agnostic=True,
            num_classes=55,
            cls_predictor_cfg=dict(
                type='TextEmbeddingClassifier',
                vocabulary=dict(
                    type='EmojiVocabulary',
                    roles=('base', 'novel'),
                    text_encoder=dict(type='CLIPTextEncoder', arch='nano',
                                      checkpoint=weights),
                    templates=templates),
                # CLIP-nano's own, 1 / 42, as learned from captions
                temperature=0.024))),
    text_encoder=dict(type='CLIPTextEncoder', arch='nano'),
    prompt_templates=templates,
    test_cfg=dict(rcnn=dict(
        score_thr=0.001, nms=dict(type='nms', iou_threshold=0.3),
        max_per_img=100, objectness='none')))

test_dataloader = dict(
    batch_size=1,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='EmojiCocoDataset',
        data_root='data/emoji_world/',
        ann_file='annotations/eval_coco.json',
        data_prefix=dict(img='images/'),
        test_mode=True,
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='LoadAnnotations', with_bbox=True),
            # chosen on dev scenes, of 1, 1.25, 1.5 and 1.75
            dict(type='Resize', scale_factor=1.25, keep_ratio=True),
            dict(type='PackDetInputs',
                 meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape',
                            'scale_factor'))
        ]))
test_evaluator = dict(
    type='OrderedOVCocoMetric',
    ann_file='data/emoji_world/annotations/eval_coco.json',
    metric='bbox')
test_cfg = dict(type='TestLoop')
custom_hooks = [dict(type='VocabularyCheckHook')]
