"""Losses, all of them functions of tensors only."""
from .image_text import ImageTextContrastiveLoss

__all__ = ['ImageTextContrastiveLoss']
