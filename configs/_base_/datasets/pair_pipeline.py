"""Pipeline of images with captions, with PIL as pil_pipelines.py; no flip."""
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
