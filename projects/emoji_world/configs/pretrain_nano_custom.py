# python projects/emoji_world/tools/train.py \
#     projects/emoji_world/configs/pretrain_nano_custom.py
"""Your own images with captions; edit the first lines.

Of tar shards the last lines are

train_dataloader = dict(
    batch_size=8, num_workers=1, sampler=None,
    dataset=dict(
        _delete_=True, type='ImageTextShards', data_root='data/mine/',
        shards='*.tar', pipeline=_base_.train_dataloader.dataset.pipeline))
"""
_base_ = './pretrain_nano.py'

ann_file = 'data/mine/pairs.jsonl'  # or COCO captions, .json
images = 'data/mine/images/'
image_key, caption_key = 'image', 'caption'  # of a line of the jsonl
pool, concepts = 'data/mine/concepts.pth', 100  # and how many it has

model = _base_.model
for part in (model, model.teacher):
    part.roi_head.bbox_head.num_classes = concepts
    part.roi_head.bbox_head.cls_predictor_cfg.vocabulary.path = pool

train_dataloader = dict(
    batch_size=8,
    dataset=dict(
        data_root='', ann_file=ann_file, data_prefix=dict(img=images),
        image_key=image_key, caption_key=caption_key))
