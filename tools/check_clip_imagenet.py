"""Zero-shot classification of whole images with converted CLIP weights.

    pip install mmpretrain==1.2.0
    python tools/check_clip_imagenet.py clip://RN50 /data/imagenet/val
    python tools/check_clip_imagenet.py clip_rn50.pth folder --names names.txt

A check of the weights before a day of detection: CLIP's RN50 reaches a top-1
of 59.6 on ImageNet's validation set (published). The folder holds one folder
of images per class: ImageNet's 1000 synsets (n01440764, ...), or folders that
are called as their class; or any folders and --names, one name a line, in the
alphabetical order of the folders.
"""
import argparse
import re
import sys
from pathlib import Path
from typing import List, Optional, Sequence

import mmpretrain.datasets  # noqa: F401  registers datasets and transforms
import mmpretrain.evaluation  # noqa: F401  registers metrics
import torch
import torch.nn.functional as F
from mmengine.device import get_device
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from mmpretrain.datasets.categories import IMAGENET_SIMPLE_CATEGORIES
from tqdm import tqdm

from mmdet.registry import MODELS

sys.path.insert(0, str(Path(__file__).parents[1]))

from regionclip_mm.checkpoint import CheckpointError, open_weights
from regionclip_mm.checkpoint.embeddings import names_from_text
from regionclip_mm.checkpoint.layouts import guess_arch
from regionclip_mm.command_line import one_line_errors, positive
from regionclip_mm.models import CLIP
from regionclip_mm.models.layers.clip_archs import get_arch
from regionclip_mm.text import CLIP_TEMPLATES, Vocabulary, clean_class_name

TEMPLATES = CLIP_TEMPLATES[1:]  # the 80 of ImageNet, without the bare name
PUBLISHED = {'rn50': 59.6}
SYNSET = re.compile(r'n\d{8}')
# CLIP's mean and deviation, times 255
MEAN = [122.7709383, 116.7460125, 104.09373615]
STD = [68.5005327, 66.6321579, 70.32316305]


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('checkpoint', help='converted CLIP, or clip://RN50')
    parser.add_argument('folder', help='one folder of images per class')
    parser.add_argument('--names', help='class names, one a line')
    parser.add_argument('--batch-size', type=positive, default=64)
    parser.add_argument('--workers', type=int, default=2)
    return parser.parse_args()


def load_clip(checkpoint: str) -> CLIP:
    """Build the model that fits a checkpoint, and load it strictly."""
    state = open_weights(checkpoint).tensors
    arch = guess_arch({k: tuple(v.shape) for k, v in state.items()},
                      'backbone.')
    if not arch or 'logit_scale' not in state:
        raise CheckpointError(
            f'{checkpoint} is not a CLIP checkpoint of this package: convert '
            'it with tools/model_converters/openai_clip.py.')
    model = build_clip(arch)
    model.load_state_dict(state)
    return model


def build_clip(arch: str) -> CLIP:
    """CLIP without weights, for images in BGR as mmpretrain loads them."""
    config = dict(
        type='CLIP',
        data_preprocessor=dict(type='ImgDataPreprocessor', mean=MEAN, std=STD,
                               bgr_to_rgb=True),
        backbone=dict(type='CLIPResNet', arch=arch, out_indices=(3, )),
        attnpool=dict(type='AttentionPool2d', arch=arch),
        text_encoder=dict(type='CLIPTextEncoder', arch=arch))
    with DefaultScope.overwrite_default_scope('mmdet'):
        return MODELS.build(config).eval()


def class_names(folder: Path, file: Optional[str]) -> List[str]:
    """Names of the classes in the alphabetical order of their folders."""
    if not folder.is_dir():
        raise CheckpointError(f'There is no folder {folder}.')
    folders = sorted(p.name for p in folder.iterdir() if p.is_dir())
    if file:
        names = names_from_text(file)
    elif folders and all(SYNSET.fullmatch(name) for name in folders):
        names = list(IMAGENET_SIMPLE_CATEGORIES)
    else:
        names = [clean_class_name(name) for name in folders]
    if not names or len(names) != len(folders):
        raise CheckpointError(
            f'{folder} has {len(folders)} folders of classes, but there are '
            f'{len(names)} names: give their names in order, --names.')
    return names


@torch.no_grad()
def encode(names: Sequence[str], model: CLIP) -> Vocabulary:
    """Mean of the normalised embeddings of a name in all templates.

    Parity: CLIP normalises before it averages, RegionCLIP does not.
    """
    rows = []
    for name in tqdm(names, desc='class names'):
        texts = [template.format(name) for template in TEMPLATES]
        texts = F.normalize(model.text_encoder.encode(texts), dim=-1)
        rows.append(texts.mean(0))
    # CLIP's list has some names twice
    unique = [f'{i} {name}' for i, name in enumerate(names)]
    return Vocabulary(tuple(unique), torch.stack(rows), {})


def dataloader(folder: Path, size: int, batch_size: int,
               workers: int) -> dict:
    """mmpretrain's images of a folder, prepared as CLIP's."""
    pipeline = [
        dict(type='LoadImageFromFile', imdecode_backend='pillow'),
        dict(type='ResizeEdge', scale=size, edge='short', backend='pillow',
             interpolation='bicubic'),
        dict(type='CenterCrop', crop_size=size),
        dict(type='PackInputs')
    ]
    return dict(
        batch_size=batch_size,
        num_workers=workers,
        sampler=dict(type='DefaultSampler', shuffle=False),
        collate_fn=dict(type='pseudo_collate'),
        dataset=dict(type='CustomDataset', data_root=str(folder),
                     pipeline=pipeline))


def check(checkpoint: str, folder: Path, names_file: Optional[str] = None,
          batch_size: int = 64, workers: int = 2) -> dict:
    """Classify the folder.

    Returns:
        mmpretrain's metrics, in percent.
    """
    names = class_names(folder, names_file)
    model = load_clip(checkpoint).to(get_device())
    model.set_vocabulary(encode(names, model))
    size = get_arch(model.backbone.arch).image_size
    # Runner sets the scope for an experiment's first run only.
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        runner = Runner(
            model=model,
            work_dir='work_dirs/check_clip_imagenet',
            test_dataloader=dataloader(folder, size, batch_size, workers),
            test_cfg=dict(),
            test_evaluator=dict(type='Accuracy', topk=(1, min(5, len(names)))),
            default_scope='mmpretrain',
            experiment_name=f'clip_{model.backbone.arch}')
        return runner.test()


def main() -> None:
    args = parse_args()
    with one_line_errors():
        metrics = check(args.checkpoint, Path(args.folder), args.names,
                        args.batch_size, args.workers)
    for name, value in metrics.items():
        print(f'{name}: {value:.2f}')
    print('published for ImageNet (top-1): '
          + ', '.join(f'{arch} {top1}' for arch, top1 in PUBLISHED.items()))


if __name__ == '__main__':
    main()
