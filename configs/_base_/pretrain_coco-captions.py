"""Pretraining on COCO's captions, with zero-shot validation on COCO.

Variable `coco_pools`: the concepts, `_base_.coco_pools.rn50`.
"""
_base_ = [
    './datasets/coco_captions.py', './datasets/coco_ovd.py',
    './schedules/pretrain_96k.py'
]

train_dataloader = dict(_delete_=True, **_base_.coco_captions)

# Of the bbox heads of student and teacher, by the architecture of each.
coco_pools = {
    arch: dict(
        num_classes=4764,
        cls_predictor_cfg=dict(
            vocabulary=dict(
                type='VocabularyFile',
                path=f'data/vocabularies/coco_nouns_4764_{arch}.pth')))
    for arch in ('rn50', 'rn50x4')
}
