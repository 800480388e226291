"""How often concepts are named, with an account of what was left out."""
import json
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

from ..io.files import PathLike, written_whole
from ..io.wording import listed

SHOWN = 5  # of each problem

READ = 'captions'
EMPTY = 'empty_captions'
WITHOUT = 'captions_without_concept'
CUT = 'captions_cut'
UNDECODABLE = 'captions_with_undecodable_bytes'


@dataclass
class ConceptCounts:
    """Sums that can be added up in parts.

    Attributes:
        concepts: Concept -> how often captions name it.
        account: What became of captions and records -> their number.
        examples: Problem of a file -> the first few places.
    """
    concepts: Counter = field(default_factory=Counter)
    account: Counter = field(default_factory=Counter)
    examples: Dict[str, List[str]] = field(default_factory=dict)

    def add(self, other: 'ConceptCounts') -> None:
        """Add what comes after this."""
        self.concepts.update(other.concepts)
        self.account.update(other.account)
        for problem, places in other.examples.items():
            for place in places:
                self.note(problem, place)

    def note(self, problem: str, place: str) -> None:
        """Keep the place of a problem if it is among the first."""
        places = self.examples.setdefault(problem, [])
        if len(places) < SHOWN:
            places.append(place)

    def frequent(self, min_count: int) -> List[Tuple[str, int]]:
        """Concepts named at least so often, most frequent first, then by
        name."""
        return sorted(((name, count) for name, count in self.concepts.items()
                       if count >= min_count),
                      key=lambda item: (-item[1], item[0]))

    def as_dict(self) -> Dict[str, Any]:
        """Plain data for :meth:`from_dict`."""
        return dict(concepts=dict(self.concepts), account=dict(self.account),
                    examples=self.examples)

    @classmethod
    def from_dict(cls, data: Dict[str, Any]) -> 'ConceptCounts':
        """From :meth:`as_dict`, as json gives it back."""
        return cls(Counter(data['concepts']), Counter(data['account']),
                   dict(data['examples']))


@contextmanager
def written_or_told(path: PathLike) -> Iterator[Path]:
    """:func:`written_whole` for what a second run of a command completes.

    Raises:
        RuntimeError: If the file cannot be written, with its name.
    """
    try:
        with written_whole(path) as partial:
            yield partial
    except OSError as error:
        raise RuntimeError(
            f'{path} cannot be written ({error.strerror or error}). When it '
            'can, the same command goes on from what it saved last') from error


def write_pool(counts: ConceptCounts, min_count: int, out: PathLike,
               origin: Dict[str, Any]) -> Dict[str, Any]:
    """Write the frequent concepts, and a report beside them.

    Args:
        counts: Of all captions.
        min_count: How often a concept must be named.
        out: File of lines ``name<TAB>count``; the report is
            ``OUT.report.json``.
        origin: What the report says of files and parser.

    Returns:
        The report.

    Raises:
        ValueError: If there is no caption or no frequent concept.
        RuntimeError: If a file cannot be written.
    """
    if not counts.account[READ]:
        first = [places[0] for places in counts.examples.values()]
        raise ValueError('no caption was found' + (
            f'; {listed(first, words=str)}' if first else ''))
    pool = counts.frequent(min_count)
    if not pool:
        raise ValueError(
            f'none of {len(counts.concepts)} concepts is named {min_count} '
            'times (--min-count); the most frequent are '
            + ', '.join(f'{name!r} ({count})'
                        for name, count in counts.frequent(1)[:3]))
    kept = sum(count for _, count in pool)
    report = dict(
        min_count=min_count, concepts=len(pool),
        concepts_below_min_count=len(counts.concepts) - len(pool),
        mentions=kept,
        mentions_below_min_count=sum(counts.concepts.values()) - kept,
        **dict(sorted(counts.account.items())),
        examples=dict(sorted(counts.examples.items())), **origin)
    with written_or_told(f'{out}.report.json') as partial:
        partial.write_text(json.dumps(report, indent=1) + '\n')
    with written_or_told(out) as partial:
        with open(partial, 'w', encoding='utf-8', newline='\n') as file:
            file.writelines(f'{name}\t{count}\n' for name, count in pool)
    return report
