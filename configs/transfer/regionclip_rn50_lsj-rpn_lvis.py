# python tools/train.py configs/transfer/regionclip_rn50_lsj-rpn_lvis.py
_base_ = './regionclip_rn50_lsj-rpn_lvis-ovd.py'

# All 1203 classes are trained and tested; the RPN stays that of 866 classes.
train_dataloader = dict(dataset=dict(split='all'))
model = dict(
    roi_head=dict(
        bbox_head=dict(
            num_classes=1203,
            cls_predictor_cfg=dict(
                vocabulary=dict(
                    path='data/vocabularies/lvis_1203_rn50.pth'),
                test_vocabulary=None)),
        mask_head=dict(num_classes=1203)))
