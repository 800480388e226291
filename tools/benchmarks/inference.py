"""Time and memory of inference, stage by stage, beside the literal form.

    python tools/benchmarks/inference.py --arch rn50 --size 800 1216 \
        --proposals 1000

The literal form is the reference's: every query of the attention pool, norms
apart from convolutions, default memory layout, all regions at once; the RPN
is mmdet's in both. Runs of the two alternate; medians are printed. Weights
and pixels are random, which time does not depend on.
"""
import argparse
import statistics
import sys
from pathlib import Path
from typing import Callable, Dict, List

import torch
from literal import (literal_align, literal_backbone, literal_layer4,
                     literal_pool)
from measure import Meter, machine
from mmengine.config import Config
from torch import Tensor, nn

from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmdet.structures.bbox import bbox2roi
from mmdet.utils import register_all_modules

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from regionclip_mm.models.roi_heads.region_roi_head import select_detections
from regionclip_mm.text import Vocabulary

STAGES = ['RPN', 'backbone', 'RoIAlign', 'layer4', 'pool', 'classify + NMS']


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--arch', default='rn50', choices=['rn50', 'rn50x4'])
    parser.add_argument('--size', type=int, nargs=2, default=(800, 1216),
                        metavar=('H', 'W'))
    parser.add_argument('--proposals', type=int, default=1000)
    parser.add_argument('--classes', type=int, default=65)
    parser.add_argument('--runs', type=int, default=5)
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--device', default='cpu')
    parser.add_argument('--chunk-size', type=int)
    parser.add_argument('--dtype', choices=['bfloat16', 'float16'],
                        help="layer4's inference_dtype (ours only)")
    return parser.parse_args()


def build(args: argparse.Namespace) -> nn.Module:
    """The shipped zero-shot detector with random weights."""
    register_all_modules()
    cfg = Config.fromfile(
        ROOT / f'configs/zeroshot/regionclip_{args.arch}_rpn_coco-ovd.py')
    cfg.model.roi_head.shared_head.inference_dtype = args.dtype
    if args.chunk_size:
        cfg.model.roi_head.chunk_size = args.chunk_size
    torch.manual_seed(0)
    detector = MODELS.build(cfg.model).to(args.device).eval()
    for module in detector.modules():  # each residual branch takes part
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.0)
    detector.load_state_dict(detector.state_dict())
    dim = detector.roi_head.bbox_head.region_pool.embed_dim
    detector.set_vocabulary(Vocabulary(
        [f'word {i}' for i in range(args.classes)],
        torch.randn(args.classes, dim), {}))
    return detector


class Pipeline:
    """The stages of one image, in our form or in the literal one."""

    def __init__(self, detector: nn.Module, args: argparse.Namespace) -> None:
        self.detector, self.head = detector, detector.roi_head
        self.meta = dict(img_shape=tuple(args.size), scale_factor=(1., 1.))
        self.pixels = torch.randint(0, 256, (3, *args.size),
                                    dtype=torch.uint8)
        size = torch.tensor([*args.size[::-1]] * 2)
        extent, place = torch.rand(2, args.proposals, 2)
        extent = 0.05 + 0.6 * extent
        corner = place * (1 - extent)
        self.boxes = torch.cat([corner, corner + extent], 1) * size
        self.boxes = self.boxes.to(args.device)

    def prepare(self) -> dict:
        sample = DetDataSample(metainfo=dict(self.meta))
        return self.detector.data_preprocessor(
            dict(inputs=[self.pixels], data_samples=[sample]))

    def run(self, meter: Meter, literal: bool) -> Tensor:
        """All stages; returns the region embeddings (R, D)."""
        data, head = self.prepare(), self.head
        with meter('RPN'):
            self.detector.proposal_source.fill(
                data['inputs'], data['data_samples'],
                self.detector.data_preprocessor)
        backbone = self.detector.backbone
        if literal:
            backbone = literal_backbone(backbone)
        with meter('backbone'):
            maps = backbone(data['inputs'])
        rois = bbox2roi([self.boxes])
        align = head.bbox_roi_extractor.roi_layers[0]
        layer4, pool = head.shared_head, head.bbox_head.region_pool
        chunks = rois.split(head.chunk_size)
        if literal:
            layer4, pool = literal_layer4(layer4), literal_pool(pool)
            align = literal_align(align)
            chunks = [rois]
        parts = []
        for chunk in chunks:
            with meter('RoIAlign'):
                regions = align(maps[0], chunk)
            with meter('layer4'):
                regions = layer4(regions)
            with meter('pool'):
                parts.append(pool(regions))
            del regions
        embeddings = torch.cat(parts)
        with meter('classify + NMS'):
            self.classify(embeddings, data)
        return embeddings

    def classify(self, embeddings: Tensor, data: dict) -> None:
        """Logits, fusion, threshold, NMS."""
        from mmengine.structures import InstanceData
        probs = self.head.bbox_head.fc_cls(embeddings).softmax(-1)
        objectness = torch.linspace(5, 0.1, len(probs), device=probs.device)
        select_detections(
            InstanceData(bboxes=self.boxes, scores=probs),
            InstanceData(objectness_logits=objectness), self.meta,
            self.head.test_cfg, False)


def table(rows: Dict[str, List[Dict[str, float]]],
          peaks: Dict[str, float]) -> str:
    """Markdown table of medians."""
    median = {form: {s: statistics.median(r[s] for r in runs)
                     for s in STAGES} for form, runs in rows.items()}
    total = {form: sum(m.values()) for form, m in median.items()}
    lines = ['| stage | ours, s | share | literal, s | ratio |',
             '|---|---|---|---|---|']
    for s in STAGES:
        ours, lit = median['ours'][s], median['literal'][s]
        lines.append(f'| {s} | {ours:.3f} | {ours / total["ours"]:.0%} | '
                     f'{lit:.3f} | {lit / ours:.2f} |')
    both = [sum(median[f][s] for s in ('layer4', 'pool'))
            for f in ('ours', 'literal')]
    lines.append(f'| layer4 + pool | {both[0]:.3f} | '
                 f'{both[0] / total["ours"]:.0%} | {both[1]:.3f} | '
                 f'{both[1] / both[0]:.2f} |')
    lines.append(f'| total | {total["ours"]:.3f} | 100% | '
                 f'{total["literal"]:.3f} | '
                 f'{total["literal"] / total["ours"]:.2f} |')
    lines.append(f'| peak memory above the loaded model | '
                 f'{peaks["ours"]:.2f} GB | | {peaks["literal"]:.2f} GB | |')
    return '\n'.join(lines)


@torch.no_grad()
def main() -> None:
    args = parse_args()
    torch.set_num_threads(args.threads)
    detector = build(args)
    pipeline = Pipeline(detector, args)
    run: Callable = pipeline.run
    run(Meter(args.device), False)  # warm up
    rows, peaks = dict(ours=[], literal=[]), {}
    for i in range(args.runs):
        for form in rows:
            meter = Meter(args.device, watch_memory=i == 0)
            embeddings = run(meter, form == 'literal')
            if form == 'ours':
                ours = embeddings
            if i == 0:
                peaks[form] = meter.close()
            rows[form].append(meter.seconds)
    error = ((ours - embeddings).norm() / embeddings.norm()).item()
    print(f'{args.arch}, {args.size[0]}x{args.size[1]}, {args.proposals} '
          f'proposals, {args.classes} classes, layer4 in '
          f'{args.dtype or "float32"}, medians of {args.runs} alternated '
          f'runs; {machine(args.device)}\n')
    print(table(rows, peaks))
    print(f'\nembeddings of the two forms differ by {error:.1e} (relative)')


if __name__ == '__main__':
    main()
