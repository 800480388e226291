"""What labels of one image size cost a training at others.

    python tools/benchmarks/label_sizes.py POOL.pth --images 64

In emoji_world, with the scenes of projects/emoji_world/tools/make_scenes.py
and a vocabulary file of concepts. Regions are labelled in the size of
evaluation, which stands for a short side of 800; losses are those of a student
that is still its teacher, so that online the one of distillation is zero.
"""
import argparse
import copy
import sys
from pathlib import Path
from statistics import mean
from typing import Dict, List

import torch
import torch.nn.functional as F
from mmcv import imread
from mmengine.config import Config
from mmengine.runner import load_checkpoint
from mmengine.structures import InstanceData
from torch import Tensor, nn

from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmdet.utils import register_all_modules

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from regionclip_mm.io.region_labels import pool_digest

CONFIG = ROOT / 'projects/emoji_world/configs/regionclip_nano.py'
# CLIP-nano's, from which pretraining begins
WEIGHTS = [ROOT / 'projects/emoji_world/weights' / name for name in (
    'regionclip_nano.pth', 'clip_nano_encoder.pth')]
LABELLED = 1.25  # of the scenes' size
SIZES = (640, 672, 704, 736, 768, 800)
SHOWN = ('kept', 'acc_concept', 'loss_region_distill',
         'loss_concept_contrastive')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('pool')
    parser.add_argument('--folder', default=str(
        ROOT / 'data/emoji_world/images/dev'))
    parser.add_argument('--images', type=int, default=64)
    parser.add_argument('--top-k', type=int, default=128)
    return parser.parse_args()


def build(pool: str) -> Dict[str, nn.Module]:
    """An online and an offline pretrainer, with CLIP-nano's weights."""
    register_all_modules()
    model = Config.fromfile(CONFIG).model
    head = model.roi_head.bbox_head
    head.cls_predictor_cfg.vocabulary = dict(type='VocabularyFile', path=pool)
    head.num_classes = len(torch.load(pool, weights_only=True)['names'])
    model.update(num_regions=1000, loss_img_txt=None)
    model.pop('text_encoder')
    teacher = copy.deepcopy(model)
    for key in ('num_regions', 'loss_img_txt'):
        teacher.pop(key)
    models = dict(
        online=MODELS.build(dict(model, type='RegionTextPretrainer',
                                 teacher=teacher)),
        offline=MODELS.build(dict(model, type='OfflineRegionTextPretrainer')))
    for net in (models['online'].teacher, *models.values()):
        for path in WEIGHTS:
            load_checkpoint(net, str(path), 'cpu', logger='silent')
        net.load_state_dict(net.state_dict())
    return {name: net.train() for name, net in models.items()}


def load(path: Path, scale: float, net: nn.Module) -> dict:
    """A scene at a multiple of its size, as the preprocessor gives it."""
    pixels = torch.from_numpy(imread(path)).permute(2, 0, 1)[None].float()
    size = [round(scale * side) for side in pixels.shape[-2:]]
    pixels = F.interpolate(pixels, size, mode='bilinear', antialias=True)
    return net.data_preprocessor(dict(inputs=[pixels[0]], data_samples=[
        DetDataSample(metainfo=dict(img_shape=tuple(size)))]), True)


@torch.no_grad()
def losses_of(models: Dict[str, nn.Module], path: Path, found: InstanceData,
              relative: float) -> Dict[str, Dict[str, Tensor]]:
    """Online and with labels of another size, of one image.

    Args:
        models: See :func:`build`.
        path: The image.
        found: Labels at :data:`LABELLED`.
        relative: Its size, as a share of that.
    """
    data = load(path, LABELLED * relative, models['online'])
    [sample] = data['data_samples']
    sample.gt_instances = InstanceData(
        bboxes=found.bboxes * relative, labels=found.concepts[:, 0],
        scores=found.log_probs[:, 0].exp(), concepts=found.concepts,
        log_probs=found.log_probs, log_rest=found.log_rest)
    names = models['online'].teacher.vocabulary.names
    sample.set_metainfo(dict(region_labels=('labels', pool_digest(names))))
    return {form: net.loss(data['inputs'], [sample])
            for form, net in models.items()}


def main() -> None:
    args = parse_args()
    models = build(args.pool)
    rows: Dict[tuple, List[dict]] = {}
    for path in sorted(Path(args.folder).iterdir())[:args.images]:
        data = load(path, LABELLED, models['online'])
        [found] = models['online'].eval().label(
            data['inputs'], data['data_samples'], args.top_k, 1000)
        models['online'].train()
        for size in SIZES:
            for form, losses in losses_of(models, path, found,
                                          size / SIZES[-1]).items():
                rows.setdefault((size, form), []).append(losses)
    print('| short side | regions | ' + ' | '.join(SHOWN) + ' |\n'
          + '|---' * (2 + len(SHOWN)) + '|')
    for (size, form), losses in rows.items():
        print(f'| {size} | {form} | ' + ' | '.join(
            f'{mean(float(one[key]) for one in losses):.4f}' for key in SHOWN)
            + ' |')


if __name__ == '__main__':
    main()
