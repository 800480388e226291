"""Golden cases, run through the converters and the shipped configs."""
import importlib.util
from pathlib import Path
from types import ModuleType
from typing import List, Optional

import numpy as np
import torch
from mmengine.config import Config
from mmengine.runner import load_checkpoint
from mmengine.structures import InstanceData

from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmdet.utils import register_all_modules
from regionclip_mm.checkpoint import detector_from_files, save_checkpoint
from regionclip_mm.text import Vocabulary

DATA = Path(__file__).parent / 'data/parity'
ROOT = Path(__file__).parents[1]


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, DATA / f'{name}.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


golden_utils, make_weights = _module('golden_utils'), _module('make_weights')


def load_case(name: str):
    """Arrays and description of a case."""
    return golden_utils.load_case(str(DATA / name))


def detector_of(case: dict, config: str, folder: Path,
                set_thresholds: bool = False,
                embeddings: Optional[dict] = None) -> torch.nn.Module:
    """Weights in the released layout -> converter -> shipped config.

    Args:
        case: Description of a case.
        config: The shipped config, in configs/, of the case's benchmark.
        folder: Where to put the files.
        set_thresholds: The case is of another benchmark: set its thresholds
            in the config, as a user would, instead of comparing them.
        embeddings: Arrays (K, D) of `vocabulary` and `test_vocabulary`, for
            files to put in place of the config's.
    """
    register_all_modules()
    manifest = make_weights.load_manifest(
        DATA / f'manifest_{case["manifest"]}.json')
    state = make_weights.make_state_dict(manifest, case['weight_seed'])
    assert make_weights.digest(state) == case['weights_sha256']
    main, rpn = make_weights.split_state_dict(manifest, state)
    files = [str(folder / 'main.pth'), str(folder / 'rpn.pth')]
    make_weights.save(main, files[0])
    if rpn:
        make_weights.save(rpn, files[1])
    cfg = Config.fromfile(ROOT / 'configs' / config)
    wanted = thresholds_of(case)
    if set_thresholds:
        cfg.merge_from_dict(dict(model=dict(test_cfg=dict(rcnn=wanted))))
    assert cfg.model.test_cfg.rcnn.to_dict() == wanted
    classifier = cfg.model.roi_head.bbox_head.cls_predictor_cfg
    for key, array in (embeddings or {}).items():
        assert classifier[key].type == 'VocabularyFile'
        classifier[key].path = str(folder / f'{key}.pth')
        vocabulary_of(array).save(classifier[key].path)
    state, _ = detector_from_files(cfg, files[0], files[1] if rpn else None)
    save_checkpoint(state, folder / 'detector.pth', {})
    detector = MODELS.build(cfg.model)
    load_checkpoint(detector, str(folder / 'detector.pth'), 'cpu',
                    strict=True)
    return detector.eval()


def thresholds_of(case: dict) -> dict:
    """The ``test_cfg.rcnn`` that the case was computed with."""
    config = case['config']
    cfg = dict(
        score_thr=config['score_thresh_test'],
        nms=dict(type='nms', iou_threshold=config['nms_thresh_test']),
        max_per_img=config['detections_per_image'],
        objectness='sqrt_logit' if config['multiply_rpn_score'] else 'none')
    if config['soft_nms_enabled']:
        cfg['nms'] = dict(
            type='offset_soft_nms', method=config['soft_nms_method'],
            sigma=config['soft_nms_sigma'],
            min_score=config['soft_nms_prune'])
    if config['mask_on']:
        cfg['mask_thr_binary'] = 0.5
    return cfg


def vocabulary_of(embeddings: np.ndarray) -> Vocabulary:
    """Embeddings (K, D) under made-up names."""
    names = [f'class {i}' for i in range(len(embeddings))]
    return Vocabulary(names, torch.from_numpy(embeddings), {})


def set_embeddings(detector: torch.nn.Module, embeddings: np.ndarray) -> None:
    """Use the embeddings of the case, under made-up names."""
    detector.set_vocabulary(vocabulary_of(embeddings))


def batch_of(case: dict, gt_boxes: Optional[List[np.ndarray]] = None) -> dict:
    """The images of the case as the pipeline would give them (BGR uint8)."""
    data = dict(inputs=[], data_samples=[])
    for i, entry in enumerate(case['images']):
        image = golden_utils.load_image(str(DATA), entry)
        shape = image.shape[:2]
        out = case.get('output_sizes_hw', [shape] * (i + 1))[i]
        sample = DetDataSample(metainfo=dict(
            img_shape=shape, ori_shape=tuple(out),
            scale_factor=(shape[1] / out[1], shape[0] / out[0])))
        if gt_boxes is not None:
            sample.gt_instances = InstanceData(
                bboxes=torch.from_numpy(gt_boxes[i]))
        data['inputs'].append(
            torch.from_numpy(image[..., ::-1].copy()).permute(2, 0, 1))
        data['data_samples'].append(sample)
    return data


def relative(got, want) -> float:
    """Relative L2 distance."""
    got, want = (np.asarray(v, np.float64) for v in (got, want))
    assert got.shape == want.shape
    return np.linalg.norm(got - want) / np.linalg.norm(want)


def assert_detections(got: InstanceData, arrays: dict, image: int = 0,
                      kind: str = 'final') -> None:
    """All of both sides match, at the recommended tolerance."""
    want = [arrays[f'{kind}_{f}_{image}']
            for f in ('boxes', 'scores', 'classes')]
    matched = golden_utils.match_detections(
        want, (got.bboxes, got.scores, got.labels), box_tol=0.1,
        score_tol=1e-3)
    assert min(matched[:2]) >= 0.99, matched
