"""Time and memory of a training step, part by part, beside the literal form.

    python tools/benchmarks/train.py --arch rn50 --size 800 1216

The step is that of configs/transfer/*_coco-ovd.py on one picture. In the
literal form, the reference's, the attention pool computes every query, norms
follow convolutions, maps have the default memory layout, and RoIAlign is
torchvision's. Runs of the two
alternate, with the same regions; medians are printed, and by how much the
gradients differ. Weights and pixels are random, which time does not depend on.
"""
import argparse
import json
import statistics
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Dict, List
from unittest import mock

import numpy as np
import torch
from literal import (literal_align, literal_backbone, literal_layer4,
                     literal_pool)
from measure import Meter, difference, machine
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DATASETS
from PIL import Image
from torch import Tensor, nn

from mmdet.registry import MODELS
from mmdet.utils import register_all_modules

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from regionclip_mm.datasets import COCO_BASE_48 as NAMES
from regionclip_mm.models.layers.clip_archs import get_arch
from regionclip_mm.text import Vocabulary

HEAD = ['head, forward', 'head, backward']
PARTS = ['data', 'RPN', 'backbone, forward', *HEAD, 'backbone, backward',
         'optimizer']
OBJECTS = 8


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--arch', default='rn50', choices=['rn50', 'rn50x4'])
    parser.add_argument('--size', type=int, nargs=2, default=(800, 1216),
                        metavar=('H', 'W'))
    parser.add_argument('--regions', type=int, default=512)
    parser.add_argument('--runs', type=int, default=3)
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--device', default='cpu')
    return parser.parse_args()


def write_picture(folder: Path, size: List[int]) -> str:
    """A photograph-like JPEG with objects; the path of its annotations."""
    height, width = size
    random = np.random.default_rng(0)
    coarse = random.integers(0, 256, (height // 16, width // 16, 3), np.uint8)
    Image.fromarray(coarse).resize((width, height)).save(folder / '1.jpg')
    boxes = [[x * width // 10, height // 8, width // 5, height // 2]
             for x in range(OBJECTS)]
    annotations = [
        dict(id=i, image_id=1, category_id=i, bbox=box, area=box[2] * box[3],
             iscrowd=0) for i, box in enumerate(boxes, 1)]
    path = folder / 'annotations.json'
    path.write_text(json.dumps(dict(
        images=[dict(id=1, file_name='1.jpg', width=width, height=height)],
        annotations=annotations,
        categories=[dict(id=i, name=n) for i, n in enumerate(NAMES, 1)])))
    return str(path)


def prepare(args: argparse.Namespace, folder: Path) -> Config:
    """The shipped recipe, for the one picture at its own size."""
    register_all_modules()
    cfg = Config.fromfile(ROOT / 'configs/transfer' /
                          f'regionclip_{args.arch}_c4-rpn_coco-ovd.py')
    cfg.train_dataloader.dataset.update(
        ann_file=write_picture(folder, args.size), data_root='',
        data_prefix=dict(img=str(folder)))
    for step in cfg.train_dataloader.dataset.pipeline:
        if step['type'] == 'RandomChoiceResize':
            step.scales = [(max(args.size), min(args.size))]
    cfg.model.train_cfg.rcnn.sampler.num = args.regions
    classifier = cfg.model.roi_head.bbox_head.cls_predictor_cfg
    del classifier['test_vocabulary']
    classifier.vocabulary.path = str(folder / 'vocabulary.pth')
    Vocabulary(NAMES, torch.randn(len(NAMES), get_arch(args.arch).embed_dim)
               ).save(classifier.vocabulary.path)
    return cfg


def build(cfg: Config, device: str) -> nn.Module:
    """The recipe's detector with random weights."""
    torch.manual_seed(0)
    detector = MODELS.build(cfg.model).to(device).train()
    for name, module in detector.named_modules():
        if isinstance(module, nn.BatchNorm2d):  # each branch takes part
            nn.init.uniform_(module.weight, 0.5, 1.0)
        if name.endswith('rpn_head.rpn_cls'):  # everything is an object
            nn.init.constant_(module.bias, 5.0)
    detector.load_state_dict(detector.state_dict())
    return detector


class Step:
    """A training step in our form or in the literal one."""

    def __init__(self, cfg: Config, device: str) -> None:
        self.detector = build(cfg, device)
        self.dataset = DATASETS.build(cfg.train_dataloader.dataset)
        self.optimizer = build_optim_wrapper(self.detector, cfg.optim_wrapper)
        # steps take their time, but leave the weights as they are
        for group in self.optimizer.optimizer.param_groups:
            group['lr'] = group['weight_decay'] = 0.0

    def run(self, meter: Meter, literal: bool) -> Dict[str, Tensor]:
        """One step; the gradients by name of the parameter."""
        torch.manual_seed(0)  # the same regions are drawn
        np.random.seed(0)
        with ExitStack() as stack:
            if literal:
                self._enter_literal(stack)
            self._step(meter)
        gradients = {name: p.grad.detach().clone()
                     for name, p in self.detector.named_parameters()
                     if p.grad is not None}
        self.optimizer.zero_grad()
        return gradients

    def _enter_literal(self, stack: ExitStack) -> None:
        head = self.detector.roi_head
        for module, form in (
                (self.detector.backbone, literal_backbone),
                (head.bbox_roi_extractor.roi_layers[0], literal_align),
                (head.shared_head, literal_layer4),
                (head.bbox_head.region_pool, literal_pool)):
            stack.enter_context(
                mock.patch.object(module, 'forward', form(module)))

    def _step(self, meter: Meter) -> None:
        detector = self.detector
        with meter('data'):
            batch = pseudo_collate([self.dataset[0]])
            data = detector.data_preprocessor(batch, True)
        inputs, samples = data['inputs'], data['data_samples']
        with meter('RPN'):
            proposals = detector.proposal_source.propose(
                inputs, samples, detector.data_preprocessor)
        with meter('backbone, forward'):
            maps = detector.extract_feat(inputs)
        # cut here, so that the way back has two parts
        leaves = tuple(m.detach().requires_grad_() for m in maps)
        with meter('head, forward'):
            losses = detector.roi_head.loss(leaves, proposals, samples)
            loss, _ = detector.parse_losses(losses)
        with meter('head, backward'):
            loss.backward()
        with meter('backbone, backward'):
            torch.autograd.backward(maps, [leaf.grad for leaf in leaves])
        with meter('optimizer'):
            self.optimizer.step()


def table(rows: Dict[str, List[Dict[str, float]]],
          peaks: Dict[str, float]) -> str:
    """Markdown table of medians."""
    median = {form: {p: statistics.median(r[p] for r in runs) for p in PARTS}
              for form, runs in rows.items()}
    sums = {'head, both ways': HEAD, 'iteration': PARTS}
    for m in median.values():
        m.update({name: sum(m[p] for p in parts)
                  for name, parts in sums.items()})
    ours, literal = median['ours'], median['literal']
    lines = ['| part | ours, s | share | literal, s | ratio |',
             '|---|---|---|---|---|']
    lines += [f'| {p} | {ours[p]:.3f} | {ours[p] / ours["iteration"]:.0%} | '
              f'{literal[p]:.3f} | {literal[p] / ours[p]:.2f} |'
              for p in (*PARTS, *sums)]
    lines.append(f'| peak memory above the loaded model | '
                 f'{peaks["ours"]:.2f} GB | | {peaks["literal"]:.2f} GB | '
                 f'{peaks["literal"] / peaks["ours"]:.2f} |')
    return '\n'.join(lines)


def main() -> None:
    args = parse_args()
    torch.set_num_threads(args.threads)
    with tempfile.TemporaryDirectory() as folder:
        step = Step(prepare(args, Path(folder)), args.device)
        rows, peaks, gradients = dict(ours=[], literal=[]), {}, {}
        for i in range(-1, args.runs):  # the first round warms up
            for form in rows:
                meter = Meter(args.device, watch_memory=i == -1)
                gradients[form] = step.run(meter, form == 'literal')
                if i == -1:
                    peaks[form] = meter.close()
                else:
                    rows[form].append(meter.seconds)
    print(f'{args.arch}, {args.size[0]}x{args.size[1]}, one picture, '
          f'{args.regions} regions, float32, medians of {args.runs} '
          f'alternated runs; {machine(args.device)}\n')
    print(table(rows, peaks))
    total, worst = difference(gradients['ours'], gradients['literal'])
    print(f'\ngradients of the two forms differ by {total:.1e} (relative), '
          f'those of one tensor by at most {worst:.1e}')


if __name__ == '__main__':
    main()
