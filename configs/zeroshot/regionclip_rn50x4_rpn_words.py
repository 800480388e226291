# python tools/image_demo.py photo.jpg \
#     configs/zeroshot/regionclip_rn50x4_rpn_words.py \
#     --weights checkpoints/regionclip-cc_rn50x4_rpn-lvis866_text.pth \
#     --texts 'cat . traffic cone'
_base_ = './regionclip_rn50x4_rpn_lvis.py'

# The reference's demo on custom images: no class list, words are given at use.
model = dict(
    text_encoder=dict(type='CLIPTextEncoder', arch='rn50x4'),
    roi_head=dict(
        bbox_head=dict(cls_predictor_cfg=dict(vocabulary=None))),
    test_cfg=dict(rcnn=dict(nms=dict(iou_threshold=0.3))))
