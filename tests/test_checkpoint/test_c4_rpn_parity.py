"""The converted C4 RPN finds the reference's proposals."""
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmdet.registry import MODELS
from regionclip_mm.checkpoint import WeightFile, model_layout
from regionclip_mm.checkpoint.detector import convert_rpn

sys.path.insert(0, str(Path(__file__).parents[1]))
from parity import DATA, ROOT, batch_of, load_case, make_weights  # noqa: E402

FRAGMENT = ROOT / 'configs/_base_/proposals/rpn_r50_c4_coco48.py'


@pytest.fixture(scope='module')
def case():
    return load_case('g4_coco_ovd_rn50')


@pytest.fixture(scope='module')
def source(case):
    """The shipped RPN with the weights of the case, through the converter."""
    init_default_scope('mmdet')
    manifest = make_weights.load_manifest(
        DATA / f'manifest_{case[1]["manifest"]}.json')
    rpn = {key: entry for key, entry in manifest.items()
           if entry['file'] == 'rpn'}
    made = make_weights.make_state_dict(rpn, case[1]['weight_seed'])
    tensors = {rpn[key]['file_key']: torch.from_numpy(value)
               for key, value in made.items()}
    config = Config.fromfile(FRAGMENT).rpn
    state, _ = convert_rpn(model_layout(config),
                           WeightFile(Path('rpn.pth'), tensors))
    source = MODELS.build(dict(type='RPNProposals', rpn=config))
    source.rpn.load_state_dict(state, strict=True)
    return source


def test_proposals(case, source):
    """Parity: g4_coco_ovd_rn50, 99.5 % within 0.05 px and 1e-3 logit."""
    arrays, meta = case
    pixels = MODELS.build(dict(
        type='DetDataPreprocessor', mean=[0.0] * 3, std=[1.0] * 3,
        bgr_to_rgb=True))
    batch = pixels(batch_of(meta))
    found, = source.propose(batch['inputs'], batch['data_samples'], pixels)
    boxes, logits = arrays['proposal_boxes_0'], arrays['objectness_logits_0']
    assert len(found) == len(boxes)
    gaps = np.abs(boxes[:, None] - found.bboxes.numpy()).max(-1)
    nearest = gaps.argmin(1)
    near = (gaps.min(1) < 0.05) & (np.abs(
        found.objectness_logits.numpy()[nearest] - logits) < 1e-3)
    assert near.mean() >= 0.995
