"""CLIP's tokenizer: text to rows of ids."""
import html
from typing import Dict, List, Sequence, Union

import ftfy
import numpy as np
import regex
import torch
from torch import Tensor

from .bpe import FULL_VOCAB_SIZE, build_bpe, printable_bytes

SOT_TEXT, EOT_TEXT = '<|startoftext|>', '<|endoftext|>'
WORDS = regex.compile(
    rf'{regex.escape(SOT_TEXT)}|{regex.escape(EOT_TEXT)}'
    r"|'s|'t|'re|'ve|'m|'ll|'d"
    r'|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+', regex.IGNORECASE)
# Neither ftfy nor html.unescape changes text made of these characters only.
PLAIN = regex.compile(r"[ !-%'-~]*")
MAX_CACHED_WORDS = 200_000
OVERFLOW = ('keep_eot', 'cut_eot')


def clean_text(text: str) -> str:
    """Lower case, single spaces, broken unicode and HTML repaired."""
    if not PLAIN.fullmatch(text):
        text = html.unescape(html.unescape(ftfy.fix_text(text)))
    return ' '.join(text.split()).lower()


class CLIPTokenizer:
    """Equal to OpenAI's tokenizer, id by id.

    Source: https://github.com/openai/CLIP; goldens ``g1_tokenizer``.

    Args:
        vocab_size: CLIP's is 49408. A smaller vocabulary keeps the first
            merges only. The last two ids are start and end of text (SOT, EOT).
        context_length: Length of a row of ids.
        overflow: What becomes of a text that is too long for its row.
            ``'keep_eot'`` cuts words and ends the row with EOT.
            ``'cut_eot'`` simply cuts the row, as the reference does.
            # Parity: then no EOT is left, and all such texts have the same
            # embedding; use it only to reproduce the reference.
    """

    def __init__(self, vocab_size: int = FULL_VOCAB_SIZE,
                 context_length: int = 77,
                 overflow: str = 'keep_eot') -> None:
        if overflow not in OVERFLOW:
            raise ValueError(
                f'overflow must be one of {OVERFLOW}, got {overflow!r}.')
        if context_length < 2:
            raise ValueError('context_length must be at least 2 (start and '
                             f'end of text), got {context_length}.')
        self.vocab_size = vocab_size
        self.context_length = context_length
        self.overflow = overflow
        self.sot, self.eot = vocab_size - 2, vocab_size - 1
        self._bpe = build_bpe(vocab_size)
        self._letters = printable_bytes()
        self._words: Dict[str, List[int]] = {}

    def __call__(self, texts: Union[str, Sequence[str]]) -> Tensor:
        """Tokenize a batch.

        Args:
            texts: N texts (one text counts as a batch of one).

        Returns:
            Ids of shape (N, context_length), int64, padded with zeros.
        """
        texts = [texts] if isinstance(texts, str) else texts
        ids = np.zeros((len(texts), self.context_length), np.int64)
        for row, text in zip(ids, texts):
            words = self._row(text)
            row[:len(words)] = words
        return torch.from_numpy(ids)

    def words_to_ids(self, text: str) -> List[int]:
        """All ids of one text, of any length, without SOT, EOT and padding."""
        if not isinstance(text, str):
            raise TypeError('Only text can be tokenized, got '
                            f'{type(text).__name__}: {text!r}.')
        words, ids = self._words, []
        for word in WORDS.findall(clean_text(text)):
            pieces = words.get(word)
            ids += self._add_word(word) if pieces is None else pieces
        return ids

    def _row(self, text: str) -> List[int]:
        length = self.context_length
        ids = [self.sot, *self.words_to_ids(text), self.eot]
        if len(ids) > length:
            ids = ids[:length]
            if self.overflow == 'keep_eot':
                ids[-1] = self.eot
        return ids

    def _add_word(self, word: str) -> List[int]:
        if len(self._words) >= MAX_CACHED_WORDS:
            self._words.clear()
        if word in (SOT_TEXT, EOT_TEXT):
            pieces = [self.sot if word == SOT_TEXT else self.eot]
        else:
            letters = ''.join(self._letters[b] for b in word.encode('utf-8'))
            pieces = [token.id for token in self._bpe.tokenize(letters)]
        self._words[word] = pieces
        return pieces

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(vocab_size={self.vocab_size}, '
                f'context_length={self.context_length}, '
                f'overflow={self.overflow!r})')
