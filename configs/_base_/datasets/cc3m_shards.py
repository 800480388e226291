"""Variable `cc3m_shards`: a loader of CC3M's tar shards.

In a leaf, `train_dataloader = dict(_delete_=True, **_base_.cc3m_shards)`.
There must be at least as many shards as processes x `num_workers`.
"""
_base_ = './pair_pipeline.py'

cc3m_shards = dict(
    batch_size=3,
    num_workers=4,
    persistent_workers=True,
    sampler=None,
    dataset=dict(
        type='ImageTextShards',
        data_root='data/cc3m/',
        shards='*.tar',
        pipeline=_base_.pair_pipeline))
