"""An account of data that could not be used."""
import lzma
import tarfile
import zlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Dict, List, Union

SHOWN = 5  # reasons that are kept, and the first of each kind
# What reading a damaged file raises.
DAMAGE = (OSError, EOFError, ValueError, RecursionError, OverflowError,
          zlib.error, lzma.LZMAError, tarfile.TarError)

BAD_IMAGE = 'unreadable_images'
NO_IMAGE = 'samples_without_image'
NO_CAPTION = 'images_without_caption'
DAMAGED_SHARD = 'damaged_shards'
BROKEN_RECORD = 'broken_records'
REPEATED_KEY = 'samples_of_a_repeated_name'
LEFT_OUT = 'left_out_by_the_pipeline'
REPLACED = 'captions_with_undecodable_bytes'  # used, with U+FFFD in them


class BadSampleError(Exception):
    """A sample cannot be used; it is left out and counted.

    Only steps that read data raise it. All other errors are mistakes in the
    program or the config and stop the run.

    Args:
        kind: What the count is called, such as ``BAD_IMAGE``.
        where: File, or shard and member, and the reason.
    """

    def __init__(self, kind: str, where: str) -> None:
        super().__init__(kind, where)
        self.kind, self.where = kind, where

    def __str__(self) -> str:
        return describe(self.kind, self.where)


@dataclass
class SkippedData:
    """Counts by kind, with the first reasons.

    Attributes:
        counts: Kind -> how often.
        reasons: The first SHOWN, and the first of each kind, each with its
            kind and place.
    """
    counts: Counter = field(default_factory=Counter)
    reasons: List[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        """How often something was left out, captions that were mended not
        counted."""
        return sum(n for kind, n in self.counts.items() if kind != REPLACED)

    def add(self, kind: str, where: str) -> None:
        """Count one."""
        self.counts[kind] += 1
        self._keep(describe(kind, where))

    def update(self, other: 'SkippedData') -> None:
        """Add another account to this one."""
        self.counts.update(other.counts)
        for reason in other.reasons:
            self._keep(reason)

    def _keep(self, reason: str) -> None:
        kinds = [_kind_of(each) for each in self.reasons]
        if len(kinds) < SHOWN or _kind_of(reason) not in kinds:
            self.reasons.append(reason)

    def take(self) -> 'SkippedData':
        """What there is; it begins anew with nothing."""
        taken = SkippedData(self.counts, self.reasons)
        self.counts, self.reasons = Counter(), []
        return taken

    def state(self) -> Dict[str, Any]:
        """As plain values, for a checkpoint."""
        return dict(counts=dict(self.counts), reasons=list(self.reasons))

    @classmethod
    def from_state(cls, state: Dict[str, Any]) -> 'SkippedData':
        """From what :meth:`state` returned."""
        return cls(Counter(state['counts']), list(state['reasons']))

    def with_reasons(self) -> str:
        """The counts, and the reasons there are."""
        return str(self) + ('. The first: ' + '; '.join(self.reasons)
                            if self.reasons else '')

    def __str__(self) -> str:
        return ', '.join(f'{number} {kind.replace("_", " ")}' for kind, number
                         in sorted(self.counts.items())) or 'nothing'


def describe(kind: str, where: str) -> str:
    """'unreadable images: a.jpg: it is empty'; of a name that is not UTF-8,
    the bytes that are not are escaped, as a log could not show them."""
    shown = where.encode(errors='backslashreplace').decode()
    return f'{kind.replace("_", " ")}: {shown}'


def _kind_of(description: str) -> str:
    """What :func:`describe` begins with."""
    return description.partition(':')[0]


def reason_of(error: Union[BaseException, str]) -> str:
    """An error in at most 200 characters of one line."""
    words = ' '.join(str(error).split())
    return (words or type(error).__name__)[:200]
