"""Detectors."""
from .open_vocabulary import OpenVocabulary
from .regionclip import RegionCLIP
from .with_words import (OpenVocabularyATSS, OpenVocabularyCascadeRCNN,
                         OpenVocabularyDINO, OpenVocabularyFasterRCNN,
                         OpenVocabularyMaskRCNN, OpenVocabularyRTMDet)

__all__ = [
    'OpenVocabulary', 'OpenVocabularyATSS', 'OpenVocabularyCascadeRCNN',
    'OpenVocabularyDINO', 'OpenVocabularyFasterRCNN', 'OpenVocabularyMaskRCNN',
    'OpenVocabularyRTMDet', 'RegionCLIP'
]
