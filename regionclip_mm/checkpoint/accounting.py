"""Strict conversion: each key of file and model is accounted for."""
import re
from dataclasses import dataclass, field
from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

import torch
from torch import Tensor

from ..io.errors import CheckpointError
from ..io.keys import compare_keys, name_problems, shape_of
from ..io.wording import listed
from .layouts import Layout
from .rules import Rule, find_rule

StateDict = Dict[str, Tensor]
COUNTER = 'num_batches_tracked'
MAX_NAMED = 12


@dataclass
class Report:
    """Which keys a conversion used, left out and made up.

    Args:
        source: The file, or files, in words.
        used: Keys of the file that went into the result.
        ignored: Reason -> keys of the file that were left out.
        added: Reason -> keys of the result that the file does not have.
        absent: Reason -> keys of the model that the result does not have.
        notes: Anything else a user should know.
    """

    source: str
    used: List[str] = field(default_factory=list)
    ignored: Dict[str, List[str]] = field(default_factory=dict)
    added: Dict[str, List[str]] = field(default_factory=dict)
    absent: Dict[str, List[str]] = field(default_factory=dict)
    notes: List[str] = field(default_factory=list)

    def settle(self, keys: Iterable[str]) -> None:
        """All keys of a file that were not left out have been used."""
        ignored = set(sum(self.ignored.values(), []))
        self.used = [key for key in keys if key not in ignored]

    def __bool__(self) -> bool:
        """Whether there is anything to report."""
        return any([self.used, self.ignored, self.added, self.absent])

    def __str__(self) -> str:
        lines = [f'{self.source}: {len(self.used)} keys used']
        for verb in ('ignored', 'added', 'absent'):
            for why, keys in getattr(self, verb).items():
                lines.append(f'  {len(keys):4d} {verb}: {why} '
                             f'({listed(keys, 2, str)})')
        return '\n'.join(lines + [f'  note: {note}' for note in self.notes])


def convert(state: StateDict,
            rules: Sequence[Rule],
            layout: Layout,
            source: str,
            may_lack: Optional[Mapping[str, str]] = None,
            hint: str = '') -> Tuple[StateDict, Report]:
    """Rename the keys of a file to those of a model, leaving none over.

    Args:
        state: Tensors of the file by name.
        rules: Renaming rules, the first match wins.
        layout: Shape of every key of the model.
        source: Name of the file, for messages.
        may_lack: Pattern -> reason, for keys of the model that the file is
            allowed not to have.
        hint: Sentence to put at the end of an error message.

    Returns:
        The renamed state dict and an account of all keys.

    Raises:
        CheckpointError: Naming all missing, surplus and misshapen keys.
    """
    report = Report(source)
    result: StateDict = {}
    origin: Dict[str, str] = {}
    surplus = []
    for key, value in state.items():
        rule = find_rule(rules, key)
        target = rule and rule.target and re.sub(rule.pattern, rule.target,
                                                 key)
        if target in layout:
            if target in origin:
                raise CheckpointError(
                    f'{source}: both {origin[target]!r} and {key!r} stand '
                    f'for {target!r}')
            result[target], origin[target] = value, key
            report.used.append(key)
        elif rule and rule.why:
            report.ignored.setdefault(rule.why, []).append(key)
        else:
            surplus.append(key)
    missing, _, misshapen = compare_keys(result, layout)
    problems = name_problems(dict(
        missing=_complete(result, missing, may_lack or {}, report),
        surplus=surplus,
        misshapen=[f'{origin[key]} is {shape_of(result[key])}, {key} needs '
                   f'{tuple(layout[key])}' for key in misshapen]), MAX_NAMED)
    if problems:
        raise CheckpointError('\n  '.join(
            [f'{source} does not fit the model, nothing was converted:',
             *problems]) + (f'\n{hint}' if hint else ''))
    return result, report


def _complete(result: StateDict, absent: Iterable[str],
              may_lack: Mapping[str, str], report: Report) -> List[str]:
    """Add counters of batch norms; return the keys that are truly missing."""
    missing = []
    for key in absent:
        reason = next((why for pattern, why in may_lack.items()
                       if re.fullmatch(pattern, key)), None)
        if reason:
            report.absent.setdefault(reason, []).append(key)
        elif key.endswith(COUNTER):
            result[key] = torch.zeros((), dtype=torch.long)
            report.added.setdefault(
                'batch counters that a frozen norm does not have',
                []).append(key)
        else:
            missing.append(key)
    return missing
