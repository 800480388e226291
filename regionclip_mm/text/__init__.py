"""Text: tokenizer, CLIP's text tower, prompts, vocabularies."""
from .clip_text_encoder import CLIPTextEncoder
from .text_archs import TEXT_ARCHS
from .tokenizer import CLIPTokenizer

__all__ = ['CLIPTextEncoder', 'CLIPTokenizer', 'TEXT_ARCHS']
