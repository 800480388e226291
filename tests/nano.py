"""The smallest complete detector, with random weights, for the tests."""
from pathlib import Path
from typing import Optional, Sequence

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmdet.registry import MODELS
from regionclip_mm.models.layers.clip_archs import get_arch
from regionclip_mm.text import Vocabulary

ROOT = Path(__file__).parents[1]
ARCH = get_arch('nano')
SIDE = 64  # short side of the images in the network

CLASSES = ('cat', 'dog', 'traffic cone')

PIPELINE = [
    dict(type='LoadImageFromFile', imdecode_backend='pillow'),
    dict(type='ResizeShortestEdge', scale=SIDE, max_size=1333,
         backend='pillow'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='PackDetInputs',
         meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape',
                    'scale_factor'))
]


def nano_model(proposals: Optional[dict] = None,
               vocabulary: Optional[dict] = None) -> dict:
    """Config of the detector, for words unless it has a vocabulary."""
    return dict(
        type='RegionCLIP',
        data_preprocessor=dict(
            type='DetDataPreprocessor', mean=[122.77, 116.75, 104.09],
            std=[68.5, 66.63, 70.32], bgr_to_rgb=True),
        backbone=dict(type='CLIPResNet', arch='nano', out_indices=(2, )),
        text_encoder=dict(type='CLIPTextEncoder', arch='nano'),
        prompt_templates='name_only',
        proposal_source=proposals or dict(type='GridProposals'),
        roi_head=dict(
            type='RegionRoIHead',
            bbox_roi_extractor=dict(
                type='RegionRoIExtractor',
                roi_layer=dict(type='RoIAlign', output_size=ARCH.roi_size,
                               sampling_ratio=0, aligned=True),
                out_channels=ARCH.channels[2], featmap_strides=[16]),
            shared_head=dict(type='CLIPResLayer', arch='nano'),
            bbox_head=dict(
                type='RegionBBoxHead',
                region_pool=dict(type='AttentionPool2d', arch='nano'),
                with_reg=False, reg_class_agnostic=True, num_classes=65,
                cls_predictor_cfg=dict(
                    type='TextEmbeddingClassifier', vocabulary=vocabulary,
                    temperature=0.1))),
        test_cfg=dict(rcnn=dict(
            score_thr=0.001, nms=dict(type='nms', iou_threshold=0.5),
            max_per_img=200, objectness='none')))


def nano_config(**model) -> Config:
    """A complete config; `model` goes to :func:`nano_model`."""
    runtime = ROOT / 'configs/_base_/regionclip_runtime.py'
    config = Config.fromfile(str(runtime))
    config.merge_from_dict(dict(
        model=nano_model(**model),
        test_dataloader=dict(dataset=dict(
            type='CocoDataset', ann_file='', pipeline=PIPELINE))))
    return config


def nano_detector(seed: int = 0, **model) -> torch.nn.Module:
    """The detector in evaluation mode; weights are random but count as
    loaded."""
    init_default_scope('mmdet')
    config = nano_config(**model)
    torch.manual_seed(seed)
    detector = MODELS.build(config.model)
    diversify(detector)
    detector.load_state_dict(detector.state_dict())
    return detector.eval()


@torch.no_grad()
def diversify(detector: torch.nn.Module) -> None:
    """Without training, regions all look the same: centre what they are."""
    detector.eval()
    boxes = 64 * torch.rand(40, 4).sort(1).values
    image = torch.from_numpy(make_image(64, 64).astype('float32') / 64 - 2)
    embeddings = detector.encode_regions(image.permute(2, 0, 1)[None], [boxes])
    pool = detector.roi_head.bbox_head.region_pool
    pool.c_proj.bias -= embeddings.mean(0)


def write_nano(folder: Path, **model) -> tuple:
    """Config file and checkpoint of a detector, as ``str`` paths."""
    config, checkpoint = folder / 'nano.py', folder / 'nano.pth'
    nano_config(**model).dump(config)
    detector = nano_detector(**model)
    torch.save(dict(state_dict=detector.state_dict(), meta={}), checkpoint)
    return str(config), str(checkpoint)


def make_vocabulary(names: Sequence[str] = CLASSES,
                    dim: int = ARCH.embed_dim) -> Vocabulary:
    """Names with random embeddings."""
    generator = torch.Generator().manual_seed(len(names))
    return Vocabulary(tuple(names),
                      torch.randn(len(names), dim, generator=generator))


def make_image(height: int = 60, width: int = 80, seed: int = 0) -> np.ndarray:
    """A picture (H, W, 3), uint8, BGR."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (4, 5, 3), dtype=np.uint8)
    return np.kron(small, np.ones((height // 4 + 1, width // 5 + 1, 1),
                                  np.uint8))[:height, :width]
