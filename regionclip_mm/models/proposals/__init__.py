"""Sources of region proposals."""
from .base import BaseProposalSource
from .rpn import RPNProposals
from .simple import (FileProposals, GridProposals, GTProposals,
                     RandomProposals, WholeImageProposals)

__all__ = [
    'BaseProposalSource', 'FileProposals', 'GTProposals', 'GridProposals',
    'RPNProposals', 'RandomProposals', 'WholeImageProposals'
]
