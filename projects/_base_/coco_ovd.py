"""COCO-OVD for configs of mmdet: data of 48 and 65 classes, their words.

Keys begin with `ovd_`, because mmdet's configs have the others; a leaf
assigns them. Pipelines are mmdet's, which the leaf keeps.
"""
custom_imports = dict(imports=[
    'regionclip_mm.models', 'regionclip_mm.datasets',
    'regionclip_mm.evaluation', 'regionclip_mm.engine'
])
clip_preprocessor = dict(
    type='DetDataPreprocessor',
    mean=[122.7709383, 116.7460125, 104.09373615],
    std=[68.5005327, 66.6321579, 70.32316305],
    bgr_to_rgb=True,
    pad_size_divisor=32)
# both vocabularies of a text classifier, of CLIP's RN50
classes = dict(
    vocabulary=dict(
        type='VocabularyFile', path='data/vocabularies/coco_48_rn50.pth'),
    test_vocabulary=dict(
        type='VocabularyFile', path='data/vocabularies/coco_65_rn50.pth'),
    embed_dim=1024)
# of a detector that takes other words
encoder = dict(text_encoder=dict(
    type='CLIPTextEncoder', arch='rn50', init_cfg=dict(
        type='Pretrained', checkpoint='clip://RN50',
        prefix='text_encoder.')))
ovd_train_dataloader = dict(dataset=dict(
    type='OVCocoDataset', split='base',
    ann_file='annotations/ovd_ins_train2017_b.json'))
ovd_val_dataloader = dict(dataset=dict(
    type='OVCocoDataset',
    ann_file='annotations/ovd_ins_val2017_all.json'))
ovd_evaluator = dict(
    type='OrderedOVCocoMetric',
    ann_file='data/coco/annotations/ovd_ins_val2017_all.json')
ovd_hooks = [dict(type='VocabularyCheckHook')]
