"""Registers this package's components with mmdet. The only custom_imports."""
custom_imports = dict(
    imports=[
        'regionclip_mm.models', 'regionclip_mm.datasets',
        'regionclip_mm.evaluation', 'regionclip_mm.engine'
    ],
    allow_failed_imports=False)
