"""Pipeline of images with captions, with PIL as pil_pipelines.py; no flip.

Variable `label_pipeline` is the one of `tools/label_regions.py`: the same
without chance, in the largest size.
"""
pair_pipeline = [
    dict(type='LoadEncodedImage', imdecode_backend='pillow'),
    dict(type='RandomCaption'),
    dict(
        type='RandomChoiceResize',
        scales=[(1333, s) for s in (640, 672, 704, 736, 768, 800)],
        keep_ratio=True,
        backend='pillow'),
    dict(
        type='PackDetInputs',
        meta_keys=('img_id', 'img_path', 'shard', 'text', 'ori_shape',
                   'img_shape', 'scale_factor'))
]
label_pipeline = [
    pair_pipeline[0],
    dict(
        type='Resize', scale=(1333, 800), keep_ratio=True, backend='pillow'),
    pair_pipeline[-1]
]
