"""The runtime of trainings that survive a kill; needs a Resumable...Loop.

In place of regionclip_runtime.py. A leaf says which loop it is, for example
train_cfg = dict(type='ResumableIterBasedTrainLoop', max_iters=...).
"""
_base_ = ['../regionclip_runtime.py']

default_hooks = dict(
    resume_state=dict(type='ResumeStateHook'),
    invalid_loss=dict(type='InvalidLossHook'),
    batch_size=dict(type='BatchSizeHook'),
    skipped_data=dict(type='SkippedDataHook'),
    checkpoint=dict(
        _delete_=True, type='AtomicCheckpointHook', interval=1,
        max_keep_ckpts=3),
    missed_validation=dict(type='MissedValidationHook'))
