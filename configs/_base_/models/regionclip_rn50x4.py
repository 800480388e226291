"""Variable `rn50x4`: RegionCLIP with CLIP's RN50x4; see regionclip_rn50.py."""
_base_ = './regionclip_rn50.py'

# Above _base_, mmengine takes the file for one of another kind.
import copy  # noqa: E402

rn50x4 = copy.deepcopy(_base_.rn50)
rn50x4.backbone.arch = 'rn50x4'
rn50x4.roi_head.shared_head.arch = 'rn50x4'
rn50x4.roi_head.bbox_head.region_pool.arch = 'rn50x4'
rn50x4.roi_head.bbox_roi_extractor.out_channels = 1280
rn50x4.roi_head.bbox_roi_extractor.roi_layer.output_size = 18
