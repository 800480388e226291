"""Detectors."""
from .from_proposals import FromProposals, SourcedFastRCNN
from .open_vocabulary import OpenVocabulary
from .regionclip import RegionCLIP
from .with_words import (OpenVocabularyATSS, OpenVocabularyCascadeRCNN,
                         OpenVocabularyDINO, OpenVocabularyFasterRCNN,
                         OpenVocabularyFastRCNN, OpenVocabularyMaskRCNN,
                         OpenVocabularyRTMDet)

__all__ = [
    'FromProposals', 'OpenVocabulary', 'OpenVocabularyATSS',
    'OpenVocabularyCascadeRCNN', 'OpenVocabularyDINO',
    'OpenVocabularyFastRCNN', 'OpenVocabularyFasterRCNN',
    'OpenVocabularyMaskRCNN', 'OpenVocabularyRTMDet', 'RegionCLIP',
    'SourcedFastRCNN'
]
