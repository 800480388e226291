"""Faster convolutions on a CPU."""
import torch
from mmcv.ops import RoIAlign
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmdet.registry import HOOKS


@HOOKS.register_module()
class ChannelsLastHook(Hook):
    """Keeps the model's kernels in the layout that CPUs are faster with.

    Not for detectors with mmcv's own RoIAlign (2.1.0), which on a CPU reads
    every tensor as if its layout were the plain one; ``RegionRoIExtractor``
    has another.
    """

    def before_train(self, runner: Runner) -> None:
        """Convert the parameters; values and names stay.

        Raises:
            ValueError: If features would be misread.
        """
        if any(type(part) is RoIAlign for part in runner.model.modules()):
            raise ValueError(
                "mmcv's RoIAlign reads channels_last tensors wrongly on a "
                'CPU: take ChannelsLastHook out of custom_hooks')
        runner.model.to(memory_format=torch.channels_last)
