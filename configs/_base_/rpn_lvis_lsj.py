"""Data and schedule of RPNs on LVIS with large-scale jitter: a crop of 1024
by 1024 pixels from the image at 0.1 to 2 times that size."""
_base_ = ['./datasets/lvis_ovd_rfs.py', './schedules/rpn_lsj.py']

train_dataloader = dict(
    dataset=dict(
        pipeline=[
            *_base_.pil_train_pipeline[:2],
            dict(
                type='RandomResize',
                scale=(1024, 1024),
                ratio_range=(0.1, 2.0),
                keep_ratio=True,
                backend='pillow'),
            dict(
                type='RandomCrop',
                crop_type='absolute_range',
                crop_size=(1024, 1024),
                recompute_bbox=True,
                allow_negative_crop=True),
            dict(type='FilterAnnotations', min_gt_bbox_wh=(0.01, 0.01)),
            *_base_.pil_train_pipeline[-2:]
        ]))
val_evaluator = dict(type='LVISMetric', metric='proposal_fast')
test_evaluator = val_evaluator
