"""Post-processing of the reference on synthetic inputs."""
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData
from parity import golden_utils, load_case

from regionclip_mm.models.roi_heads.region_roi_head import select_detections

ARRAYS, CASE = load_case('g7_units')
HARD = {k: v for k, v in CASE['post_settings'].items() if not v['soft']}


@pytest.mark.parametrize('name', sorted(HARD))
def test_final_inference(name):
    setting = HARD[name]
    fused = setting['score'] != 'prob'
    cfg = ConfigDict(
        score_thr=setting['score_thresh'],
        nms=dict(type='nms', iou_threshold=setting['nms_thresh']),
        max_per_img=setting['topk'],
        objectness='sqrt_logit' if fused else 'none')
    raw = InstanceData(bboxes=torch.from_numpy(ARRAYS['post_boxes']),
                       scores=torch.from_numpy(ARRAYS['post_probs']))
    proposals = InstanceData(
        objectness_logits=torch.from_numpy(ARRAYS['post_objectness']))
    got = select_detections(raw, proposals,
                            dict(img_shape=CASE['post_image_hw']), cfg, False)
    want = [ARRAYS[f'post_{name}_{f}'] for f in
            ('boxes', 'scores', 'classes')]
    matched = golden_utils.match_detections(
        want, (got.bboxes, got.scores, got.labels), 1e-4, 1e-6)
    assert len(got) == setting['detections'] and min(matched[:2]) == 1
    torch.testing.assert_close(got.scores, torch.from_numpy(want[1]))
