"""Text: tokenizer, CLIP's text tower, prompts, vocabularies."""
from .clip_text_encoder import CLIPTextEncoder
from .encoding import encode_vocabulary
from .openai_weights import openai_text_state_dict
from .prompts import CLIP_TEMPLATES, clean_class_name, get_templates
from .sources import PromptedVocabulary, VocabularyFile
from .spelling import canonical_name
from .text_archs import TEXT_ARCHS
from .tokenizer import CLIPTokenizer
from .vocabulary import Vocabulary

__all__ = [
    'CLIP_TEMPLATES', 'CLIPTextEncoder', 'CLIPTokenizer',
    'PromptedVocabulary', 'TEXT_ARCHS', 'Vocabulary', 'VocabularyFile',
    'canonical_name', 'clean_class_name', 'encode_vocabulary',
    'get_templates', 'openai_text_state_dict'
]
