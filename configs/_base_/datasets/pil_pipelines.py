"""Pipelines that load and resize with PIL, to the pixel as detectron2 does.

`pil_gt_pipeline` reads annotations before the resize, so that GTProposals gets
boxes in network pixels; elsewhere they stay in original pixels, for drawing.
"""
pil_load = dict(type='LoadImageFromFile', imdecode_backend='pillow')
pil_annotations = dict(type='LoadAnnotations', with_bbox=True)
pil_resize = dict(
    type='ResizeShortestEdge', scale=800, max_size=1333, backend='pillow')
pil_pack = dict(
    type='PackDetInputs',
    meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape',
               'scale_factor'))

pil_train_pipeline = [
    pil_load, pil_annotations,
    dict(
        type='RandomChoiceResize',
        scales=[(1333, s) for s in (640, 672, 704, 736, 768, 800)],
        keep_ratio=True,
        backend='pillow'),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackDetInputs')
]
pil_test_pipeline = [pil_load, pil_resize, pil_annotations, pil_pack]
pil_gt_pipeline = [pil_load, pil_annotations, pil_resize, pil_pack]
