"""Variable `nano`: a region encoder without proposal source, be its weights
RegionCLIP-nano's or CLIP-nano's, with which pretraining begins."""
_base_ = [
    '../../../../configs/_base_/models/regionclip_rn50.py', './runtime.py'
]

# Above _base_, mmengine takes the file for one of another kind.
import copy  # noqa: E402

weights = 'projects/emoji_world/weights/regionclip_nano.pth'
clip_weights = 'data/emoji_world/clip_nano.pth'  # of make_scenes.py
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
