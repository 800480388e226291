"""A toy training on images with captions."""
import torch
from toy_training import toy_config

from mmdet.registry import TRANSFORMS


@TRANSFORMS.register_module(force=True)
class PackToy:
    """What the toy detector learns from: mean colours, and a number."""

    def __call__(self, results):
        height, width = results['img_shape']
        return dict(inputs=torch.tensor([
            *results['img'].mean((0, 1)), height * width]).float() / 256,
            data_samples=float(len(results['text'])))


TOY_PIPELINE = [
    dict(type='LoadEncodedImage'), dict(type='RandomCaption'),
    dict(type='RandomChoiceResize', scales=[(40, 16), (40, 20), (40, 24)],
         keep_ratio=True, backend='pillow'), dict(type='PackToy')]


def toy(work, pattern, workers=0, **changes):
    """A toy training on shards; without validation."""
    cfg = toy_config(work)
    for key in ('val_dataloader', 'val_evaluator', 'val_cfg'):
        cfg[key] = None
    cfg.default_hooks.pop('missed_validation')
    cfg.default_hooks.skipped_data = dict(type='SkippedDataHook', interval=3)
    cfg.train_dataloader = dict(
        batch_size=2, num_workers=workers, persistent_workers=workers > 0,
        sampler=None, dataset=dict(
            type='ImageTextShards', shards=pattern, shuffle_buffer=4,
            pipeline=TOY_PIPELINE))
    cfg.merge_from_dict(changes)
    return cfg
