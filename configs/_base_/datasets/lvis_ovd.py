"""LVIS v1: trained on 866 common and frequent classes, tested on all 1203."""
_base_ = ['mmdet::_base_/datasets/lvis_v1_instance.py', './pil_pipelines.py']

train_dataloader = dict(
    dataset=dict(
        dataset=dict(
            type='OVLVISDataset',
            split='base',
            pipeline=_base_.pil_train_pipeline)))
val_dataloader = dict(
    dataset=dict(type='OVLVISDataset', pipeline=_base_.pil_test_pipeline))
test_dataloader = val_dataloader

val_evaluator = dict(type='OrderedLVISMetric', metric='bbox')
test_evaluator = val_evaluator
