# python projects/emoji_world/tools/train.py \
#     projects/emoji_world/configs/transfer_nano_custom.py
"""Your own data with RegionCLIP-nano, a rehearsal of docs/transfer.md on CPU.

Paths and class names are those of configs/_base_/datasets/custom.py.
"""
_base_ = [
    '_base_/transfer_nano.py',
    '../../../configs/_base_/datasets/custom.py'  # edit this one
]
max_iters = 300

model = _base_.model
model.roi_head.bbox_head.num_classes = len(_base_.train_classes)
classifier = model.roi_head.bbox_head.cls_predictor_cfg
words = dict(
    type='PromptedVocabulary',
    text_encoder=classifier.vocabulary.text_encoder,
    templates=_base_.templates)
classifier.vocabulary = dict(words, names=_base_.train_classes)
classifier.test_vocabulary = dict(words, names=_base_.test_classes)

train_dataloader = _base_.train_dataloader
for step in train_dataloader.dataset.pipeline:
    if step.type == 'RandomChoiceResize':
        step.scales = [(640, side) for side in (288, 320, 352, 384)]
test_dataloader = _base_.test_dataloader
for step in test_dataloader.dataset.pipeline:
    if step.type == 'ResizeShortestEdge':
        step.scale = 320
val_dataloader = test_dataloader

optim_wrapper = dict(optimizer=dict(lr=3e-4))
param_scheduler = [dict(type='LinearLR', start_factor=0.01, by_epoch=False,
                        end=50)]
train_cfg = dict(type='ResumableIterBasedTrainLoop', max_iters=max_iters,
                 val_interval=max_iters)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
custom_hooks = [dict(type='VocabularyCheckHook'),
                dict(type='ChannelsLastHook')]
