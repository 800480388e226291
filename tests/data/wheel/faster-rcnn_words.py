# mmdet's Faster R-CNN, whose classifier compares with embeddings of words.
_base_ = ['mmdet::_base_/models/faster-rcnn_r50_fpn.py', './custom_data.py']

model = dict(
    backbone=dict(depth=18, init_cfg=None),
    neck=dict(in_channels=[64, 128, 256, 512], out_channels=64),
    rpn_head=dict(in_channels=64, feat_channels=64),
    roi_head=dict(
        bbox_roi_extractor=dict(out_channels=64),
        bbox_head=dict(
            in_channels=64,
            fc_out_channels=128,  # the size of the embeddings
            num_classes=len(_base_.classes),
            reg_class_agnostic=True,
            cls_predictor_cfg=dict(
                type='TextEmbeddingClassifier',
                vocabulary=dict(
                    type='VocabularyFile',
                    path='data/vocabularies/mine.pth')))))
