"""Stops a training whose loss is no number any more."""
from typing import Any, Dict, List, Optional

import torch
from mmengine.dist import all_gather_object, all_reduce
from mmengine.hooks import Hook
from mmengine.hooks.hook import DATA_BATCH
from mmengine.runner import Runner

from mmdet.registry import HOOKS


@HOOKS.register_module()
class InvalidLossHook(Hook):
    """Stops all processes when a loss of one of them is NaN or infinite.

    It stops after the very iteration, before a checkpoint of it is saved.

    Raises:
        FloatingPointError: With the iteration, each loss by name, the images.
    """

    priority = 'VERY_HIGH'

    def after_train_iter(self,
                         runner: Runner,
                         batch_idx: int,
                         data_batch: DATA_BATCH = None,
                         outputs: Optional[dict] = None) -> None:
        """Look at each loss of the step."""
        losses = {key: torch.as_tensor(value).detach().float().sum()
                  for key, value in (outputs or {}).items() if 'loss' in key}
        device = next(iter(losses.values())).device if losses else 'cpu'
        bad = torch.stack([~value.isfinite() for value in losses.values()]
                          or [torch.zeros((), dtype=torch.bool)]).any()
        flag = bad.to(device, torch.int32)
        all_reduce(flag, 'max')
        if not flag.item():
            return
        mine = describe(losses, data_batch) if bad else None
        found = [f'process {rank}: {text}' for rank, text
                 in enumerate(all_gather_object(mine)) if text]
        raise FloatingPointError(
            f'the loss is not finite in iteration {runner.iter + 1}\n'
            + '\n'.join(found) +
            '\nThis iteration is not saved. Look at these images and their '
            'boxes, lower optim_wrapper.optimizer.lr, or lengthen the warm-up '
            '(param_scheduler). With --resume rate and schedule are those of '
            'the checkpoint: begin with load_from=CHECKPOINT instead')


def describe(losses: Dict[str, torch.Tensor], data_batch: DATA_BATCH) -> str:
    """'loss_cls nan, loss_bbox 0.5; images 7 (a.jpg), 9 (b.jpg)'."""
    named = ', '.join(f'{key} {value.item():.4g}'
                      for key, value in losses.items())
    return f'{named}; images {", ".join(image_names(data_batch)) or "unknown"}'


def image_names(data_batch: Any) -> List[str]:
    """Id and path, or tar shard, of each image, as far as a batch says."""
    samples = (data_batch.get('data_samples') or []
               if isinstance(data_batch, dict) else [])
    metas = [getattr(sample, 'metainfo', {}) for sample in samples]
    return [str(meta.get('img_id', 'without img_id'))
            + (f" ({meta.get('img_path', meta.get('shard'))})"
               if {'img_path', 'shard'} & set(meta) else '')
            for meta in metas]
