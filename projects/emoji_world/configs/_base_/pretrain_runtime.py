"""How the nano student is trained, whatever its steps."""
optim_wrapper = dict(
    type='CPUAmpOptimWrapper',
    optimizer=dict(type='AdamW', lr=2e-4, weight_decay=0.05),
    clip_grad=dict(max_norm=5.0))
default_hooks = dict(
    resume_state=dict(type='ResumeStateHook'),
    invalid_loss=dict(type='InvalidLossHook'),
    skipped_data=dict(type='SkippedDataHook'),
    logger=dict(type='LoggerHook', interval=20),
    checkpoint=dict(
        type='AtomicCheckpointHook',
        by_epoch=False,
        interval=100,
        max_keep_ckpts=1))
