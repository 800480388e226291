"""Class probability and objectness joined into one score."""
from typing import Callable, Dict

from mmengine.structures import InstanceData
from torch import Tensor

OTHERS = ("'none' or 'sqrt_prob', RPNProposals, or FileProposals(logits=True) "
          'with a file of tools/extract_proposals.py --logits')


def _probability_only(probs: Tensor, proposals: InstanceData) -> Tensor:
    return probs


def _sqrt_prob(probs: Tensor, proposals: InstanceData) -> Tensor:
    """sqrt(class probability * objectness probability)."""
    objectness = _field(proposals, 'scores', 'sqrt_prob')
    return (probs * objectness[:, None]).sqrt()


def _sqrt_logit(probs: Tensor, proposals: InstanceData) -> Tensor:
    """sqrt(class probability * objectness logit).

    Parity: the published zero-shot and LVIS numbers multiply by the raw
    logit. Scores may exceed 1; a region with a negative logit becomes NaN and
    is dropped.
    """
    logits = _field(proposals, 'objectness_logits', 'sqrt_logit')
    return (probs * logits[:, None]).sqrt()


def _field(proposals: InstanceData, name: str, fusion: str) -> Tensor:
    if name not in proposals:
        raise ValueError(
            f"test_cfg.rcnn.objectness='{fusion}' needs {name} of the "
            "proposals, which this proposal_source does not give; use "
            f"{OTHERS}")
    return proposals[name]


def check_fusion(name: str, gives_logits: bool) -> None:
    """Raise unless a source of proposals gives what a fusion needs.

    Args:
        name: ``test_cfg.rcnn.objectness``.
        gives_logits: Whether its proposals have ``objectness_logits``.

    Raises:
        ValueError: Naming what to change.
    """
    if name == 'sqrt_logit' and not gives_logits:
        raise ValueError(
            "test_cfg.rcnn.objectness='sqrt_logit' needs the objectness "
            'logits of the proposals, which this proposal_source does not '
            f'give; use {OTHERS}')


#: Name in ``test_cfg.rcnn.objectness`` -> function of class probabilities
#: (R, K) and proposals of one image (R) that returns scores (R, K).
FUSIONS: Dict[str, Callable[[Tensor, InstanceData], Tensor]] = dict(
    none=_probability_only, sqrt_prob=_sqrt_prob, sqrt_logit=_sqrt_logit)


def get_fusion(name: str) -> Callable[[Tensor, InstanceData], Tensor]:
    """Look up an objectness fusion by name.

    Raises:
        ValueError: If there is none of that name.
    """
    if name not in FUSIONS:
        raise ValueError(f'test_cfg.rcnn.objectness={name!r}: choose one of '
                         f'{", ".join(map(repr, FUSIONS))}')
    return FUSIONS[name]
