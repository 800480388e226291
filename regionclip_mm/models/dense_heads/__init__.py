"""Heads of one-stage detectors and DETRs that classify with words."""
from .text_atss_head import TextATSSHead
from .text_dino_head import TextDINOHead
from .text_rtmdet_head import TextRTMDetSepBNHead

__all__ = ['TextATSSHead', 'TextDINOHead', 'TextRTMDetSepBNHead']
