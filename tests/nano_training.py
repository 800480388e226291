"""A whole training of the nano detector on a handful of pictures."""
import json
from pathlib import Path

import torch
from coco_files import make_scenes, write_coco
from mmengine.config import Config
from nano import make_image, make_vocabulary
from nano_transfer import NAMES, transfer, transfer_model
from PIL import Image

from regionclip_mm import datasets, engine, models  # noqa: F401

IMAGES = 8
PIPELINE = [dict(type='LoadImageFromFile'),
            dict(type='LoadAnnotations', with_bbox=True, with_mask=True),
            dict(type='Resize', scale=(128, 96), keep_ratio=True),
            dict(type='PackDetInputs')]


def write_data(folder: Path, names=NAMES) -> None:
    """Annotations and pictures, each with an object of every class."""
    scenes = make_scenes(names, images=IMAGES)
    path = folder / 'train.json'
    write_coco(path, scenes, {name: i for i, name in enumerate(names, 5)})
    data = json.loads(path.read_text())
    for annotation in data['annotations']:
        x, y, w, h = annotation['bbox']
        annotation['segmentation'] = [[x, y, x + w, y, x, y + h]]
    path.write_text(json.dumps(data))
    for scene in scenes:
        Image.fromarray(make_image(96, 128, scene['id'])).save(
            folder / f'{scene["id"]}.png')


def training_config(folder: Path, recipe: str = 'coco', steps: int = 4,
                    **changes) -> Config:
    """Config of a run with all regions of a grid, from random weights.

    Args:
        folder: For data, weights and results.
        recipe: 'coco' or 'lvis': whose losses and heads; the second has
            masks.
        steps: Iterations.
        changes: Merged in, as from the command line.
    """
    if not (folder / 'start.pth').exists():
        write_data(folder)
        make_vocabulary(NAMES).save(folder / 'words.pth')
        torch.save(dict(state_dict=transfer(
            recipe, dict(type='GridProposals')).state_dict()),
            folder / 'start.pth')
    model = transfer_model(recipe, dict(type='GridProposals'))
    model.roi_head.bbox_head.cls_predictor_cfg.vocabulary = dict(
        type='VocabularyFile', path=str(folder / 'words.pth'))
    # every region takes part, whoever draws
    model.train_cfg.rcnn.sampler.update(num=10000, pos_fraction=0.5)
    cfg = Config(dict(
        default_scope='mmdet', model=model, work_dir=str(folder / 'work'),
        custom_imports=dict(imports=['regionclip_mm.models',
                                     'regionclip_mm.datasets',
                                     'regionclip_mm.engine']),
        load_from=str(folder / 'start.pth'),
        train_cfg=dict(type='ResumableIterBasedTrainLoop', max_iters=steps),
        train_dataloader=dict(
            batch_size=2, num_workers=0,
            sampler=dict(type='DefaultSampler', shuffle=False),
            dataset=dict(type='CocoDataset',
                         metainfo=dict(classes=NAMES),
                         ann_file=str(folder / 'train.json'),
                         data_prefix=dict(img=str(folder)),
                         pipeline=PIPELINE)),
        optim_wrapper=dict(optimizer=dict(
            type='SGD', lr=0.05, momentum=0.9, weight_decay=1e-4)),
        default_hooks=dict(
            resume_state=dict(type='ResumeStateHook'),
            logger=dict(type='LoggerHook', interval=1),
            checkpoint=dict(type='AtomicCheckpointHook', interval=2,
                            by_epoch=False, max_keep_ckpts=1)),
        env_cfg=dict(dist_cfg=dict(backend='gloo')),
        log_processor=dict(by_epoch=False, window_size=1),
        randomness=dict(seed=0), log_level='INFO'))
    cfg.merge_from_dict(changes)
    return cfg


def distance(first: dict, second: dict) -> float:
    """Largest relative L2 error of a tensor.

    The errors of tensors that are next to zero, such as the gradient of the
    bias of the attention's keys, are compared with 1e-5 of all tensors.
    """
    assert first.keys() == second.keys()
    norms = {k: second[k].double().norm().item() for k in second}
    least = 1e-5 * sum(norm**2 for norm in norms.values())**0.5
    return max((first[k] - second[k]).double().norm().item()
               / max(norms[k], least) for k in first)
