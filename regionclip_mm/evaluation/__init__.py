"""Metrics whose classes follow the order of the class names."""
from .lvis_metric import OrderedLVISMetric
from .ov_coco_metric import OrderedOVCocoMetric

__all__ = ['OrderedLVISMetric', 'OrderedOVCocoMetric']
