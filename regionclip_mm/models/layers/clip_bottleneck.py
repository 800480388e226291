"""The residual block of CLIP's ResNets."""
from collections import OrderedDict

import torch.nn.functional as F
from torch import Tensor, is_grad_enabled, nn
from torch.utils.checkpoint import checkpoint

from .conv_bn import conv_bn


class CLIPBottleneck(nn.Module):
    """Bottleneck whose stride is an average pool (anti-aliased).

    All convolutions have stride 1. With ``stride`` 2 an average pool follows
    the second convolution, another one precedes the 1x1 convolution of the
    shortcut. Parameter names are OpenAI's.

    Args:
        in_channels: Channels of the input.
        planes: Channels inside; the output has ``4 * planes``.
        stride: 1 or 2.
        with_cp: Keep only the input for the way back and compute the inside
            again then (gradient checkpointing): less memory, more time.
    """

    expansion = 4

    def __init__(self,
                 in_channels: int,
                 planes: int,
                 stride: int = 1,
                 with_cp: bool = False) -> None:
        super().__init__()
        self.with_cp = with_cp
        out_channels = planes * self.expansion
        self.conv1 = nn.Conv2d(in_channels, planes, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.avgpool = nn.AvgPool2d(stride) if stride > 1 else nn.Identity()
        self.conv3 = nn.Conv2d(planes, out_channels, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out_channels)
        nn.init.zeros_(self.bn3.weight)  # each block starts as its shortcut
        self.downsample = None
        if stride > 1 or in_channels != out_channels:
            # OpenAI's keys: '-1' has no parameters.
            self.downsample = nn.Sequential(
                OrderedDict([
                    ('-1', nn.AvgPool2d(stride)),
                    ('0', nn.Conv2d(in_channels, out_channels, 1, bias=False)),
                    ('1', nn.BatchNorm2d(out_channels))]))

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) -> (N, 4 planes, H / stride, W / stride)."""
        if self.with_cp and is_grad_enabled():
            return checkpoint(self._block, x, use_reentrant=False)
        return self._block(x)

    def _block(self, x: Tensor) -> Tensor:
        out = F.relu(conv_bn(x, self.conv1, self.bn1), inplace=True)
        out = F.relu(conv_bn(out, self.conv2, self.bn2), inplace=True)
        out = conv_bn(self.avgpool(out), self.conv3, self.bn3)
        if self.downsample is not None:
            pool, conv, bn = self.downsample
            x = conv_bn(pool(x), conv, bn)
        return F.relu(out + x, inplace=True)


def make_clip_layer(in_channels: int,
                    planes: int,
                    blocks: int,
                    stride: int,
                    with_cp: bool = False) -> nn.Sequential:
    """One stage: ``blocks`` bottlenecks, the first one with the stride."""
    first = CLIPBottleneck(in_channels, planes, stride, with_cp)
    rest = [
        CLIPBottleneck(planes * CLIPBottleneck.expansion, planes,
                       with_cp=with_cp) for _ in range(blocks - 1)
    ]
    return nn.Sequential(first, *rest)
