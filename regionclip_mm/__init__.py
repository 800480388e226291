"""RegionCLIP (CVPR 2022) as components for MMDetection.

``import regionclip_mm`` only checks versions. The components register in
mmdet's registry when ``regionclip_mm.models``, ``.datasets``,
``.evaluation`` and ``.engine`` are imported, which the shipped configs do.
"""
from .version import __version__
from .version_guard import check_versions

check_versions()

__all__ = ['__version__']
