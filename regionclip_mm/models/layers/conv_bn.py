"""A convolution and its batch norm, applied as one convolution if allowed."""
import torch.nn.functional as F
from torch import Tensor, nn


def conv_bn(x: Tensor, conv: nn.Conv2d, bn: nn.BatchNorm2d) -> Tensor:
    """``bn(conv(x))``, with a norm in evaluation mode folded into the kernel.

    The folded kernel is made at each call, which costs little beside the
    convolution, so that it never outlives the weights it was made from, and
    gradients reach these. In training it spares the norm's passes over the
    map and the copy of the map that its way back needs.

    Args:
        x: Feature map (N, C, H, W).
        conv: Convolution without bias.
        bn: Its batch norm.

    Returns:
        Feature map (N, C', H', W').
    """
    if bn.training:
        return bn(conv(x))
    scale = bn.weight * (bn.running_var + bn.eps).rsqrt()
    weight = conv.weight * scale[:, None, None, None]
    return F.conv2d(x, weight, bn.bias - bn.running_mean * scale, conv.stride,
                    conv.padding, conv.dilation, conv.groups)
