# python tools/label_regions.py \
#     configs/pretrain/regionclip_rn50_rpn_cc3m.py data/labels/cc3m/{shard}.json
# python tools/train.py configs/pretrain/regionclip_rn50_rpn_cc3m_offline.py
_base_ = './regionclip_rn50_rpn_cc3m.py'

model = _base_.model
model.pop('teacher')
# It is merged into the base's model, which has the teacher still.
model.update(_delete_=True, type='OfflineRegionTextPretrainer')
train_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(
                type='LoadRegionLabels',
                ann_file='data/labels/cc3m/{shard}.json'),
            *_base_.pair_pipeline[:-1],
            dict(_base_.pair_pipeline[-1], type='PackRegionLabels')
        ]))
