# python tools/label_regions.py \
#     projects/emoji_world/configs/pretrain_nano_no-novel.py \
#     data/emoji_world/labels/no_novel.json
"""A pool that lacks the names of novel classes: an ablation."""
_base_ = './pretrain_nano.py'

model = _base_.model
for part in (model, model.teacher):
    part.roi_head.bbox_head.num_classes = 453
    part.roi_head.bbox_head.cls_predictor_cfg.vocabulary.path = (
        'data/emoji_world/concepts/no_novel.pth')
