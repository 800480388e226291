"""Statistics of detectron2's frozen batch norms in its older files."""
from ..io.safe_load import WeightFile
from .accounting import COUNTER, StateDict

EPS = 1e-5


def upgrade_frozen_norms(file: WeightFile) -> StateDict:
    """The tensors of a file, with variances that do not include epsilon.

    Before version 3 detectron2's FrozenBatchNorm2d stored ``var + eps``.
    Parity: only files that tell a version below 3 are changed, and only norms
    without a counter: live batch norms have a version 2 of their own. Nothing
    ever resets a statistic; a file that lacks one does not convert.
    """
    state = dict(file.tensors)
    for name, version in file.versions.items():
        var = f'{name}.running_var'
        if version < 3 and var in state and f'{name}.{COUNTER}' not in state:
            state[var] = state[var] - EPS
    return state
