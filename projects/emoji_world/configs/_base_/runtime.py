"""What every config of the project shares."""
custom_imports = dict(imports=[
    'regionclip_mm.models', 'regionclip_mm.datasets',
    'regionclip_mm.evaluation', 'regionclip_mm.engine',
    'projects.emoji_world.emoji_world'
])
default_scope = 'mmdet'
env_cfg = dict(cudnn_benchmark=False,
               mp_cfg=dict(mp_start_method='fork', opencv_num_threads=1),
               dist_cfg=dict(backend='gloo'))
randomness = dict(seed=0)
log_processor = dict(by_epoch=False)
log_level = 'INFO'
vis_backends = [dict(type='LocalVisBackend')]
visualizer = dict(type='DetLocalVisualizer', vis_backends=vis_backends,
                  name='visualizer')
load_from = None
resume = False
