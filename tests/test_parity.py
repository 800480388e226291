"""Golden numbers of the reference, through converters and shipped configs.

Tolerances are those that tests/data/parity's source recommends, or tighter.
"""
import numpy as np
import pytest
import torch
from parity import (assert_detections, batch_of, detector_of, golden_utils,
                    load_case, relative, set_embeddings)

take = golden_utils.take


@pytest.fixture(scope='module')
def gt_detector(tmp_path_factory):
    _, case = load_case('g2_zeroshot_gt_rn50')
    return detector_of(case, 'zeroshot/regionclip_rn50_gt_coco-ovd.py',
                       tmp_path_factory.mktemp('gt'))


@pytest.fixture(scope='module')
def rpn_detector(tmp_path_factory):
    _, case = load_case('g3_zeroshot_rpn_rn50')
    return detector_of(case, 'zeroshot/regionclip_rn50_rpn_coco-ovd.py',
                       tmp_path_factory.mktemp('rpn'))


@torch.no_grad()
def test_visual_tower(gt_detector):
    arrays, case = load_case('g1_visual_rn50')
    data = gt_detector.data_preprocessor(batch_of(case))
    inputs = data['inputs']
    assert relative(take(case, 'input_sample', inputs),
                    arrays['input_sample']) < 1e-6
    stem = gt_detector.backbone.stem(inputs)
    assert relative(take(case, 'stem', stem), arrays['stem']) < 1e-5
    stages = stem
    for name, key in (('layer1', 'res2'), ('layer2', 'res3'),
                      ('layer3', 'res4')):
        stages = getattr(gt_detector.backbone, name)(stages)
        assert relative(take(case, key, stages), arrays[key]) < 1e-5, key
    boxes = [torch.from_numpy(arrays['boxes_0'])]
    got = gt_detector.encode_regions(inputs, boxes)
    assert relative(got, arrays['region_embedding']) < 1e-5


@torch.no_grad()
def test_roi_maps(gt_detector):
    from mmdet.structures.bbox import bbox2roi
    arrays, case = load_case('g1_visual_rn50')
    inputs = gt_detector.data_preprocessor(batch_of(case))['inputs']
    head = gt_detector.roi_head
    pooled = head.bbox_roi_extractor(
        gt_detector.extract_feat(inputs),
        bbox2roi([torch.from_numpy(arrays['boxes_0'])]))
    assert relative(take(case, 'roi_pooled', pooled),
                    arrays['roi_pooled']) < 1e-5
    assert relative(take(case, 'layer4', head.shared_head(pooled)),
                    arrays['layer4']) < 1e-5


@torch.no_grad()
def test_whole_image(gt_detector):
    """The same parts embed a whole square image as CLIP does."""
    arrays, case = load_case('g1_visual_rn50')
    crop = dict(images=[case['crop_image']])
    inputs = gt_detector.data_preprocessor(batch_of(crop))['inputs']
    maps = gt_detector.roi_head.shared_head(
        gt_detector.extract_feat(inputs)[0])
    assert relative(take(case, 'crop_layer4', maps),
                    arrays['crop_layer4']) < 1e-5
    assert relative(gt_detector.roi_head.bbox_head.region_pool(maps),
                    arrays['crop_embedding']) < 1e-5


@torch.no_grad()
def test_zero_shot_with_annotated_boxes(gt_detector):
    arrays, case = load_case('g2_zeroshot_gt_rn50')
    set_embeddings(gt_detector, arrays['class_emb'])
    boxes = [arrays['gt_boxes_0']]
    data = gt_detector.data_preprocessor(batch_of(case, boxes))
    embeddings = gt_detector.encode_regions(data['inputs'],
                                            [torch.from_numpy(boxes[0])])
    assert relative(embeddings, arrays['region_embedding']) < 1e-5
    logits = gt_detector.roi_head.bbox_head.fc_cls(embeddings).numpy()
    gap = np.abs(logits - arrays['logits'])
    assert gap.max() < 2e-3 and np.median(gap) < 1e-4
    probs = torch.from_numpy(logits).softmax(-1).numpy()
    assert np.abs(probs - arrays['probs']).max() < 2e-4
    result = gt_detector.test_step(batch_of(case, boxes))[0].pred_instances
    assert_detections(result, arrays)
    assert result.label_names[0] == f'class {int(result.labels[0])}'


@torch.no_grad()
def test_region_proposals(rpn_detector):
    arrays, case = load_case('g3_zeroshot_rpn_rn50')
    data = rpn_detector.data_preprocessor(batch_of(case))
    source = rpn_detector.proposal_source
    maps = []
    forward = source.head.forward
    source.head.forward = lambda x: maps.append(forward(x)) or maps[-1]
    source.fill(data['inputs'], data['data_samples'],
                rpn_detector.data_preprocessor)
    del source.head.forward
    for level in range(5):
        for kind, got in zip(('obj', 'delta'), (m[level] for m in maps[0])):
            key = f'rpn_{kind}_map_{level}'
            gap = np.abs(take(case, key, got) - arrays[key]).max()
            assert gap < 1e-3, (key, gap)
    proposals = data['data_samples'][0].proposals
    boxes, logits = (arrays[k] for k in
                     ('proposal_boxes_0', 'objectness_logits_0'))
    zeros = np.zeros(len(boxes))
    matched = golden_utils.match_detections(
        (boxes, logits, zeros),
        (proposals.bboxes, proposals.objectness_logits,
         np.zeros(len(proposals))), box_tol=0.05, score_tol=1e-3)
    assert min(matched[:2]) >= 0.995, matched


@torch.no_grad()
def test_zero_shot_with_proposals(rpn_detector):
    arrays, case = load_case('g3_zeroshot_rpn_rn50')
    set_embeddings(rpn_detector, arrays['class_emb'])
    result = rpn_detector.test_step(batch_of(case))[0]
    assert_detections(result.pred_instances, arrays)
    kept = (result.proposals.objectness_logits > 0).sum()
    assert int(kept) == case['rows_kept_finite'][0]


@torch.no_grad()
def test_logits_of_stored_proposals(rpn_detector):
    arrays, case = load_case('g3_zeroshot_rpn_rn50')
    set_embeddings(rpn_detector, arrays['class_emb'])
    inputs = rpn_detector.data_preprocessor(batch_of(case))['inputs']
    embeddings = rpn_detector.encode_regions(
        inputs, [torch.from_numpy(arrays['proposal_boxes_0'])])
    assert relative(take(case, 'region_embedding', embeddings),
                    arrays['region_embedding']) < 1e-5
    gap = (rpn_detector.roi_head.bbox_head.fc_cls(embeddings).numpy()
           - arrays['logits'])
    assert np.abs(gap).max() < 2e-3 and np.median(np.abs(gap)) < 1e-4
