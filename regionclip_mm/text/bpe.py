"""CLIP's byte-pair encoding of one word, as a thin layer over ``tokenizers``.

The vocabulary file is OpenAI's (see assets/LICENSE.bpe_simple_vocab_16e6).
"""
import functools
import gzip
from pathlib import Path
from typing import Dict, List, Tuple

from tokenizers.models import BPE

BPE_FILE = Path(__file__).parent / 'assets' / 'bpe_simple_vocab_16e6.txt.gz'
FULL_VOCAB_SIZE = 49408
END_OF_WORD = '</w>'
NUM_BYTE_TOKENS = 512  # every byte, inside and at the end of a word
NUM_SPECIAL_TOKENS = 2  # start and end of text


@functools.lru_cache(maxsize=None)
def printable_bytes() -> Dict[int, str]:
    """The printable character that stands for each of the 256 bytes.

    The order of the dictionary is the order of the first 256 ids.
    """
    visible = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = sorted(set(range(256)) - set(visible))
    table = {byte: chr(byte) for byte in visible}
    table.update({byte: chr(256 + i) for i, byte in enumerate(hidden)})
    return table


def read_merges(count: int) -> List[Tuple[str, str]]:
    """The first ``count`` merges of the vocabulary file."""
    with gzip.open(BPE_FILE, 'rt', encoding='utf-8') as lines:
        next(lines)  # the version comment
        return [tuple(line.split()) for line, _ in zip(lines, range(count))]


def build_bpe(vocab_size: int) -> BPE:
    """The BPE model whose ids fill ``vocab_size`` less the special tokens.

    Args:
        vocab_size: 49408 is CLIP; a smaller one keeps only the first merges,
            so that words fall into more, shorter pieces.
    """
    smallest = NUM_BYTE_TOKENS + NUM_SPECIAL_TOKENS
    if not smallest <= vocab_size <= FULL_VOCAB_SIZE:
        raise ValueError(
            f'vocab_size must be between {smallest} (bytes only) and '
            f'{FULL_VOCAB_SIZE} (all of CLIP), got {vocab_size}.')
    merges = read_merges(vocab_size - smallest)
    letters = list(printable_bytes().values())
    tokens = [*letters, *(letter + END_OF_WORD for letter in letters),
              *(left + right for left, right in merges)]
    vocab = {token: index for index, token in enumerate(tokens)}
    return BPE(vocab=vocab, merges=merges, end_of_word_suffix=END_OF_WORD)
