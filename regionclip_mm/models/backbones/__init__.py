"""Image towers."""
from .clip_archs import ARCHS, CLIPArch, get_arch
from .clip_resnet import CLIPResNet

__all__ = ['ARCHS', 'CLIPArch', 'CLIPResNet', 'get_arch']
