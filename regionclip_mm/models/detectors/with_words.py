"""Detectors of mmdet that find words; all else about them is mmdet's."""
from mmdet.models.detectors import (ATSS, DINO, CascadeRCNN, FasterRCNN,
                                    FastRCNN, MaskRCNN, RTMDet)
from mmdet.registry import MODELS

from .from_proposals import FromProposals
from .open_vocabulary import OpenVocabulary


@MODELS.register_module()
class OpenVocabularyFastRCNN(OpenVocabulary, FromProposals, FastRCNN):
    """As :class:`OpenVocabularyFasterRCNN`, in the regions of a source."""


@MODELS.register_module()
class OpenVocabularyFasterRCNN(OpenVocabulary, FasterRCNN):
    """Its ``bbox_head`` has a text classifier as ``cls_predictor_cfg``."""


@MODELS.register_module()
class OpenVocabularyMaskRCNN(OpenVocabulary, MaskRCNN):
    """As :class:`OpenVocabularyFasterRCNN`; masks are class-agnostic."""


@MODELS.register_module()
class OpenVocabularyCascadeRCNN(OpenVocabulary, CascadeRCNN):
    """Each stage has a text classifier as ``cls_predictor_cfg``."""


@MODELS.register_module()
class OpenVocabularyATSS(OpenVocabulary, ATSS):
    """Its ``bbox_head`` is a :class:`TextATSSHead`."""


@MODELS.register_module()
class OpenVocabularyRTMDet(OpenVocabulary, RTMDet):
    """Its ``bbox_head`` is a :class:`TextRTMDetSepBNHead`."""


@MODELS.register_module()
class OpenVocabularyDINO(OpenVocabulary, DINO):
    """Its ``bbox_head`` is a :class:`TextDINOHead`."""
