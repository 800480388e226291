# python projects/emoji_world/tools/train.py \
#     projects/emoji_world/configs/transfer_nano_supervised.py
"""All 55 COCO names have boxes: what transfer learning aims at."""
_base_ = './transfer_nano.py'

model = _base_.model
model.roi_head.bbox_head.num_classes = 55
model.roi_head.bbox_head.cls_predictor_cfg.vocabulary.roles = (
    'base', 'novel')

train_dataloader = dict(
    dataset=dict(split='all', ann_file='annotations/rpn_train_coco.json'))
