"""Pretraining on CC3M's shards, with zero-shot validation on COCO.

Variable `cc3m_pools`: the concepts, `_base_.cc3m_pools.rn50`.

Without COCO: `--cfg-options val_cfg=None val_dataloader=None
val_evaluator=None
model.roi_head.bbox_head.cls_predictor_cfg.test_vocabulary=None`.
"""
_base_ = [
    './datasets/cc3m_shards.py', './datasets/coco_ovd.py',
    './schedules/pretrain_600k.py'
]

train_dataloader = dict(_delete_=True, **_base_.cc3m_shards)

# Of the bbox heads of student and teacher, by the architecture of each.
cc3m_pools = {
    arch: dict(
        num_classes=6250,
        cls_predictor_cfg=dict(
            vocabulary=dict(
                type='VocabularyFile',
                path=f'data/vocabularies/googlecc_nouns_6250_{arch}.pth')))
    for arch in ('rn50', 'rn50x4')
}
