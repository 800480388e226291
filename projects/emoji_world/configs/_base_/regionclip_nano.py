"""Variable `nano`: CLIP-nano as a region encoder, without proposal source."""
_base_ = [
    '../../../../configs/_base_/models/regionclip_rn50.py', './runtime.py'
]

# Above _base_, mmengine takes the file for one of another kind.
import copy  # noqa: E402

weights = 'projects/emoji_world/weights/regionclip_nano.pth'
templates = ['{}', 'a photo of a {}', 'a picture of a {}.', 'a {}']

nano = copy.deepcopy(_base_.rn50)
nano.backbone.arch = 'nano'
nano.roi_head.shared_head.arch = 'nano'
nano.roi_head.bbox_head.region_pool.arch = 'nano'
nano.roi_head.bbox_roi_extractor.out_channels = 256
nano.roi_head.bbox_roi_extractor.roi_layer.output_size = 8
nano.roi_head.bbox_head.num_classes = 55
nano.roi_head.bbox_head.cls_predictor_cfg.update(
    vocabulary=dict(
        type='EmojiVocabulary',
        roles=('base', 'novel'),
        text_encoder=dict(
            type='CLIPTextEncoder', arch='nano', checkpoint=weights),
        templates=templates),
    # CLIP-nano's own, 1 / 42, as learned from captions
    temperature=0.024)
nano.update(
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
