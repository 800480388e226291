"""CLIP's ResNet image tower without its pooling."""
from typing import List, Optional, Sequence, Tuple, Union

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from mmdet.registry import MODELS

from ..layers.clip_archs import get_arch
from ..layers.clip_bottleneck import make_clip_layer
from ..layers.conv_bn import conv_bn


@MODELS.register_module()
class CLIPResNet(BaseModule):
    """The modified ResNet of CLIP: 3-conv stem, anti-aliased strides.

    It is not a variant of mmdet's ``ResNet``, whose stem, pools and shortcut
    differ. Parameter names are OpenAI's (``conv1``, ``bn1``, ..., ``layer1.0
    .downsample.0``), stages beyond the last one asked for are not built.

    Args:
        arch: Preset of :mod:`..layers.clip_archs`.
        out_indices: Stages to return; 0 to 3 stand for layer1 to layer4, at
            strides 4, 8, 16 and 32.
        frozen_stages: -1 freezes nothing, 0 the stem, k the stem and layer1
            to layer k. Parity: detectron2's ``FREEZE_AT 2`` is 1.
        norm_eval: Keep all batch norms in evaluation mode and their scale
            and shift fixed, as the reference's FrozenBatchNorm does.
        with_cp: Gradient checkpointing of each block, as in mmdet's
            ``ResNet``: less memory in training, more time.
    """

    def __init__(self,
                 arch: str = 'rn50',
                 out_indices: Sequence[int] = (2, ),
                 frozen_stages: int = 1,
                 norm_eval: bool = True,
                 with_cp: bool = False,
                 init_cfg: Optional[Union[dict, list]] = None) -> None:
        super().__init__(init_cfg)
        sizes = get_arch(arch)
        if not out_indices or not all(0 <= i <= 3 for i in out_indices):
            raise ValueError('backbone.out_indices takes stages from 0 '
                             f'(layer1) to 3 (layer4), got {out_indices}')
        self.arch = arch
        self.out_indices = tuple(out_indices)
        self.frozen_stages = frozen_stages
        self.norm_eval = norm_eval
        half, width = sizes.width // 2, sizes.width
        self.conv1 = nn.Conv2d(3, half, 3, stride=2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(half)
        self.conv2 = nn.Conv2d(half, half, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(half)
        self.conv3 = nn.Conv2d(half, width, 3, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(width)
        self.avgpool = nn.AvgPool2d(2)
        in_channels = width
        for i in range(max(self.out_indices) + 1):
            layer = make_clip_layer(
                in_channels, width * 2**i, sizes.layers[i],
                1 if i == 0 else 2, with_cp and i >= frozen_stages)
            self.add_module(f'layer{i + 1}', layer)
            in_channels = sizes.channels[i]
        self._freeze()

    def stem(self, x: Tensor) -> Tensor:
        """Images (N, 3, H, W) -> map (N, width, H / 4, W / 4)."""
        for i in (1, 2, 3):
            conv, bn = getattr(self, f'conv{i}'), getattr(self, f'bn{i}')
            x = F.relu(conv_bn(x, conv, bn), inplace=True)
        return self.avgpool(x)

    def forward(self, x: Tensor) -> Tuple[Tensor, ...]:
        """Encode images.

        Args:
            x: Images (N, 3, H, W) in RGB, normalised with CLIP's mean and
                standard deviation.

        Returns:
            One map (N, C_i, H / s_i, W / s_i) for each of ``out_indices``.
        """
        return self.after_trunk(self.trunk(x))

    def trunk(self, x: Tensor) -> Tuple[Tensor, ...]:
        """The part that training leaves as it is: stem and frozen stages.

        Args:
            x: Images, as for :meth:`forward`.

        Returns:
            Maps of the stem and of each frozen stage, for
            :meth:`after_trunk`, also of another CLIPResNet of equal weights.
        """
        # Faster than the default layout on a CPU (docs/benchmarks.md).
        x = self._at_least_a_cell(x)
        maps = [self.stem(x.contiguous(memory_format=torch.channels_last))]
        last = min(self.frozen_stages, max(self.out_indices) + 1)
        for i in range(1, last + 1):
            maps.append(getattr(self, f'layer{i}')(maps[-1]))
        return tuple(maps)

    def same_trunk(self, other: nn.Module) -> bool:
        """Whether :meth:`trunk` of both gives the same maps, for ever.

        Args:
            other: Any backbone.
        """
        if (not isinstance(other, CLIPResNet) or self.frozen_stages < 0
                or (self.arch, self.frozen_stages, self.out_indices)
                != (other.arch, other.frozen_stages, other.out_indices)):
            return False
        names = [name for name in self._frozen_names() if hasattr(self, name)]
        return all(
            torch.equal(mine, theirs) for name in names
            for mine, theirs in zip(
                getattr(self, name).state_dict().values(),
                getattr(other, name).state_dict().values()))

    def after_trunk(self, trunk: Tuple[Tensor, ...]) -> Tuple[Tensor, ...]:
        """The other stages; what :meth:`forward` returns.

        Args:
            trunk: See :meth:`trunk`.
        """
        maps = list(trunk)
        for i in range(len(maps), max(self.out_indices) + 2):
            maps.append(getattr(self, f'layer{i}')(maps[-1]))
        # In the default layout, as mmcv's RoIAlign reads no other. Under
        # autocast maps are of half precision, to which RoIAlign would round
        # the boxes, if it took bfloat16 at all.
        return tuple(maps[i + 1].to(self.conv1.weight.dtype).contiguous()
                     for i in self.out_indices)

    def _at_least_a_cell(self, x: Tensor) -> Tensor:
        """Pad images (N, 3, H, W) that are thinner than one cell of the last
        map, right and below, with zeros (the mean colour)."""
        cell = 4 * 2**max(self.out_indices)
        lack = [max(cell - side, 0) for side in x.shape[-2:]]
        return F.pad(x, (0, lack[1], 0, lack[0])) if any(lack) else x

    def _freeze(self) -> None:
        """Take frozen parameters out of the gradient's reach."""
        for name in self._frozen_names():
            module = getattr(self, name, None)
            if module is not None:
                module.requires_grad_(False).eval()
        if self.norm_eval:
            freeze_norms(self)

    def _frozen_names(self) -> List[str]:
        if self.frozen_stages < 0:
            return []
        layers = range(1, self.frozen_stages + 1)
        return (['conv1', 'bn1', 'conv2', 'bn2', 'conv3', 'bn3']
                + [f'layer{i}' for i in layers])

    def train(self, mode: bool = True) -> 'CLIPResNet':
        """Switch mode; frozen stages stay in evaluation, and all batch norms
        if ``norm_eval``."""
        super().train(mode)
        self._freeze()
        return self


def freeze_norms(module: nn.Module) -> None:
    """Put every batch norm into evaluation mode with fixed parameters."""
    for m in module.modules():
        if isinstance(m, _BatchNorm):
            m.eval()
            m.requires_grad_(False)
