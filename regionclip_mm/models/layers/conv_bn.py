"""A convolution and its batch norm, applied as one convolution when allowed."""
import torch.nn.functional as F
from torch import Tensor, is_grad_enabled, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights


def conv_bn(x: Tensor, conv: nn.Conv2d, bn: nn.BatchNorm2d) -> Tensor:
    """``bn(conv(x))``, with the norm folded into the kernel at inference.

    The folded kernel is made at each call, which costs little beside the
    convolution, so that it never outlives the weights it was made from.

    Args:
        x: Feature map (N, C, H, W).
        conv: Convolution without bias.
        bn: Its batch norm.

    Returns:
        Feature map (N, C', H', W').
    """
    if bn.training or is_grad_enabled():
        return bn(conv(x))
    weight, bias = fuse_conv_bn_weights(conv.weight, conv.bias,
                                        bn.running_mean, bn.running_var,
                                        bn.eps, bn.weight, bn.bias)
    return F.conv2d(x, weight, bias, conv.stride, conv.padding,
                    conv.dilation, conv.groups)
