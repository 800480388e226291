"""RoI heads."""
from .clip_res_layer import CLIPResLayer

__all__ = ['CLIPResLayer']
