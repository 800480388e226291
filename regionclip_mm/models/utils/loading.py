"""Remembers which weights of a module were ever loaded."""
from typing import Dict, List, Set

from torch import Tensor, nn


class LoadingRecord:
    """Follows the loading of a module's weights, in one piece or several.

    MMEngine loads what fits and logs the rest; a detector half of whose
    weights are random then runs without an error.

    Args:
        module: The module to follow.
        apart: Prefixes of keys that do not count.

    Attributes:
        attempted: Whether anything was to be loaded, fitting or not.
    """

    def __init__(self, module: nn.Module, apart: tuple = ()) -> None:
        self.attempted = False
        self.loaded: Set[str] = set()
        self.wanted: Dict[str, tuple] = {
            key: tuple(value.shape)
            for key, value in module.state_dict().items()
            if not key.startswith(apart)
            and not key.endswith('num_batches_tracked')
        }
        module._register_load_state_dict_pre_hook(self._note)

    def missing(self) -> List[str]:
        """Keys that were never loaded, or only in a wrong shape."""
        return [key for key in self.wanted if key not in self.loaded]

    def _note(self, state_dict: Dict[str, Tensor], prefix: str,
              *args) -> None:
        self.attempted = self.attempted or len(state_dict) > 0
        self.loaded |= {
            key for key, shape in self.wanted.items()
            if prefix + key in state_dict
            and tuple(state_dict[prefix + key].shape) == shape
        }
