"""Sizes of CLIP's text towers, as data."""
from dataclasses import dataclass

from .bpe import FULL_VOCAB_SIZE


@dataclass(frozen=True)
class TextArch:
    """One text transformer.

    Attributes:
        embed_dim: Size of the text embedding, shared with the image tower.
        width: Channels of the transformer; the MLPs are 4 times as wide.
        heads: Attention heads.
        layers: Residual blocks.
        vocab_size: Token ids, SOT and EOT included.
        context_length: Longest row of ids.
    """
    embed_dim: int
    width: int
    heads: int
    layers: int = 12
    vocab_size: int = FULL_VOCAB_SIZE
    context_length: int = 77


TEXT_ARCHS = {
    'rn50': TextArch(1024, 512, 8),
    'rn101': TextArch(512, 512, 8),
    'rn50x4': TextArch(640, 640, 10),
    'rn50x16': TextArch(768, 768, 12),
    'rn50x64': TextArch(1024, 1024, 16),
    'nano': TextArch(128, 128, 4, layers=3, vocab_size=8192),
}


def get_text_arch(name: str) -> TextArch:
    """The sizes called ``name``; an unknown name lists the known ones."""
    if name not in TEXT_ARCHS:
        raise ValueError(f'text_encoder.arch must be one of '
                         f'{sorted(TEXT_ARCHS)}, got {name!r}.')
    return TEXT_ARCHS[name]
